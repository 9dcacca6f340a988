/** Initialisers by name. */
import type { Shape, Tensor } from '@espalier/tensor';
import { aFunction, aText, check, ruleOf } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { show, type Field } from '../config/fields.ts';
import { isRecord } from '../json.ts';
import { Registry } from '../registry/registry.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { basicInitialisers } from './basic.ts';
import { fansOf, type Fans, type Initialiser, type InitialiserConfig, type InitialiserType } from './initialiser.ts';
import { orthogonalInitialiser } from './orthogonal.ts';
import { scaledInitialisers } from './scaled.ts';

const types = new Registry<InitialiserType>('initialiser', ({ type }) => type, [
  ...basicInitialisers,
  ...scaledInitialisers,
  orthogonalInitialiser,
]);

const anInitialiserType = ruleOf<InitialiserType>(
  'a type of initialiser: { type, create }',
  (value) => isRecord(value) && aText.holds(value['type']) && aFunction.holds(value['create']),
);

/**
 * Makes a type of initialiser known to layers that are described.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerInitialiser(type: InitialiserType): void {
  types.register('registerInitialiser', check('registerInitialiser', 'type', type, anInitialiserType));
}

/** The names of all initialisers, those that were registered last. */
export const initialiserTypes: readonly string[] = types.names;

const anInitialiser = ruleOf<ReturnType<InitialiserType['create']>>(
  'the settings and the function that they stand for: { settings, initialise }',
  (value) => isRecord(value) && isRecord(value['settings']) && aFunction.holds(value['initialise']),
);

function lookUp(
  config: string | InitialiserConfig,
  where: string,
): ReturnType<InitialiserType['create']> & { readonly type: string } {
  const full = typeof config === 'string' ? { type: config } : config;
  const type = isRecord(full) ? types.get(full.type) : undefined;
  if (!type) throw new ConfigError(where, `is ${show(config)}; known initialisers are ${types.list}`);
  return { type: type.type, ...check(where, `what ${type.type} makes`, type.create(full, where), anInitialiser) };
}

/**
 * The initialiser a name or JSON description stands for.
 * @throws {ConfigError} for one that stands for none.
 */
export function initialiser(config: string | InitialiserConfig, where = 'init'): Initialiser {
  return lookUp(config, where).initialise;
}

/** Initial values of a shape; fans are those of a weight [out, in, ...kernel] unless given. */
export function initialise(
  config: string | InitialiserConfig,
  shape: Shape,
  context: Partial<BuildContext> = {},
  fans: Fans = fansOf(shape),
): Tensor {
  return initialiser(config)(shape, fans, buildContext(context));
}

/** A field that names an initialiser; read as given, once it is known to make sense. */
export const initialiserField: Field<string | InitialiserConfig> = {
  parse: (value, where) => {
    lookUp(value as InitialiserConfig, where);
    return value as InitialiserConfig;
  },
};

/** Initialisers by name. */
import { ConfigError } from '../errors.ts';
import { show, type Field } from '../config/fields.ts';
import { isRecord } from '../json.ts';
import type { Shape, Tensor } from '@espalier/tensor';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { basicInitialisers } from './basic.ts';
import { fansOf, type Fans, type Initialiser, type InitialiserConfig, type InitialiserType } from './initialiser.ts';
import { orthogonalInitialiser } from './orthogonal.ts';
import { scaledInitialisers } from './scaled.ts';

const types = new Map<string, InitialiserType>(
  [...basicInitialisers, ...scaledInitialisers, orthogonalInitialiser].map((type) => [type.type, type]),
);

/** The names of all initialisers. */
export const initialiserTypes: readonly string[] = [...types.keys()];

function lookUp(
  config: string | InitialiserConfig,
  where: string,
): ReturnType<InitialiserType['create']> & { readonly type: string } {
  const full = typeof config === 'string' ? { type: config } : config;
  const type = isRecord(full) && typeof full.type === 'string' ? types.get(full.type) : undefined;
  if (!type) throw new ConfigError(where, `is ${show(config)}; known initialisers are ${initialiserTypes.join(', ')}`);
  return { type: type.type, ...type.create(full, where) };
}

/** The initialiser a name or JSON description stands for. Throws ConfigError. */
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

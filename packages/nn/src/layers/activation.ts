/** Activation functions as layers. */
import type { Tensor } from '@espalier/tensor';
import { aFunction, check, ruleOf } from '@espalier/tensor/arguments';
import { integer, optional, parseFields, real, word, type Fields } from '../config/fields.ts';
import { isRecord } from '../json.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { Registry } from '../registry/registry.ts';

/** A type of activation function. */
export interface ActivationType {
  readonly type: string;
  /**
   * Reads the settings. Returns them complete, with the function they stand for.
   * @throws {ConfigError} for those that are wrong.
   */
  readonly create: (
    settings: unknown,
    where: string,
  ) => { readonly settings: object; readonly apply: (x: Tensor) => Tensor };
}

function kind<Settings extends object>(
  type: string,
  fields: Fields<Settings>,
  apply: (x: Tensor, settings: Required<Settings>) => Tensor,
): ActivationType {
  return {
    type,
    create: (given, where) => {
      const settings = parseFields<Settings>(where, fields, given);
      return { settings, apply: (x) => apply(x, settings) };
    },
  };
}

const builtIn: readonly ActivationType[] = [
  kind('relu', {}, (x) => x.relu()),
  kind<{ slope?: number }>('leaky-relu', { slope: optional(real(), 0.01) }, (x, { slope }) => x.leakyRelu(slope)),
  kind<{ alpha?: number }>('elu', { alpha: optional(real(), 1) }, (x, { alpha }) => x.elu(alpha)),
  kind('selu', {}, (x) => x.selu()),
  kind<{ approximate?: 'none' | 'tanh' }>(
    'gelu',
    { approximate: optional(word('none', 'tanh'), 'none') },
    (x, settings) => x.gelu(settings),
  ),
  kind('silu', {}, (x) => x.silu()),
  kind('mish', {}, (x) => x.mish()),
  kind<{ beta?: number; threshold?: number }>(
    'softplus',
    { beta: optional(real({ above: 0 }), 1), threshold: optional(real({ least: 0 }), 0) },
    (x, { beta, threshold }) => x.softplus({ beta, ...(threshold > 0 && { threshold }) }),
  ),
  kind('tanh', {}, (x) => x.tanh()),
  kind('sigmoid', {}, (x) => x.sigmoid()),
  kind('hard-sigmoid', {}, (x) => x.hardSigmoid()),
  kind('hard-swish', {}, (x) => x.hardSwish()),
  kind<{ axis?: number }>('softmax', { axis: optional(integer(-8), -1) }, (x, { axis }) => x.softmax(axis)),
  kind<{ axis?: number }>('log-softmax', { axis: optional(integer(-8), -1) }, (x, { axis }) => x.logSoftmax(axis)),
  kind('identity', {}, (x) => x),
];

const anActivation = ruleOf<ReturnType<ActivationType['create']>>(
  'the settings and the function that they stand for: { settings, apply }',
  (value) => isRecord(value) && isRecord(value['settings']) && aFunction.holds(value['apply']),
);

/** The activation functions by name. */
export const activations: Registry<ActivationType> = new Registry<ActivationType>(
  'activation',
  ({ type }) => type,
  builtIn,
);

/** The names of all activation functions, those that were registered last. */
export const activationNames: readonly ActivationName[] = activations.names;

/** The layer that an activation function is. */
export const moduleOf = ({ type }: ActivationType): ModuleType => ({
  type,
  build: (config, _context, where) => new Activation(type, config, where),
});

/** The names of activation functions. */
export type ActivationName =
  | 'relu'
  | 'leaky-relu'
  | 'elu'
  | 'selu'
  | 'gelu'
  | 'silu'
  | 'mish'
  | 'softplus'
  | 'tanh'
  | 'sigmoid'
  | 'hard-sigmoid'
  | 'hard-swish'
  | 'softmax'
  | 'log-softmax'
  | 'identity'
  | (string & Record<never, never>);

/**
 * An activation function by name; the type in JSON is that name. Settings: `slope` of leaky-relu (0.01), `alpha` of elu
 * (1), `approximate` of gelu ('none' or 'tanh'), `beta` (1) and `threshold` (0: none) of softplus, `axis` of softmax and log-softmax (-1).
 */
export class Activation extends Module {
  readonly type: ActivationName;
  readonly settings: object;
  readonly #apply: (x: Tensor) => Tensor;

  /** @throws {ConfigError} for an unknown name or setting. */
  constructor(type: ActivationName, settings: object = {}, where = '') {
    super();
    const found = activations.find('activation', type);
    this.type = type;
    const place = where === '' ? type : where;
    const made = check(place, `what ${type} makes`, found.create(settings, place), anActivation);
    this.settings = made.settings;
    this.#apply = made.apply;
  }

  forward(x: Tensor): Tensor {
    return this.#apply(x);
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.settings };
  }
}

/** The activation functions of this package in JSON. */
export const activationTypes: readonly ModuleType[] = builtIn.map(moduleOf);

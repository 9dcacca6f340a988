/** Activation functions as layers. */
import type { Tensor } from '@espalier/tensor';
import { integer, optional, parseFields, real, show, word, type Fields } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import { own } from '../json.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';

interface ActivationKind {
  /** Reads the settings and returns them complete, with the function they stand for. */
  readonly create: (
    settings: unknown,
    where: string,
  ) => { readonly settings: object; readonly apply: (x: Tensor) => Tensor };
}

function kind<Settings extends object>(
  fields: Fields<Settings>,
  apply: (x: Tensor, settings: Required<Settings>) => Tensor,
): ActivationKind {
  return {
    create: (given, where) => {
      const settings = parseFields<Settings>(where, fields, given);
      return { settings, apply: (x) => apply(x, settings) };
    },
  };
}

const kinds = {
  relu: kind({}, (x) => x.relu()),
  'leaky-relu': kind<{ slope?: number }>({ slope: optional(real(), 0.01) }, (x, { slope }) => x.leakyRelu(slope)),
  elu: kind<{ alpha?: number }>({ alpha: optional(real(), 1) }, (x, { alpha }) => x.elu(alpha)),
  selu: kind({}, (x) => x.selu()),
  gelu: kind<{ approximate?: 'none' | 'tanh' }>(
    { approximate: optional(word('none', 'tanh'), 'none') },
    (x, settings) => x.gelu(settings),
  ),
  silu: kind({}, (x) => x.silu()),
  mish: kind({}, (x) => x.mish()),
  softplus: kind<{ beta?: number; threshold?: number }>(
    { beta: optional(real({ above: 0 }), 1), threshold: optional(real({ least: 0 }), 0) },
    (x, { beta, threshold }) => x.softplus({ beta, ...(threshold > 0 && { threshold }) }),
  ),
  tanh: kind({}, (x) => x.tanh()),
  sigmoid: kind({}, (x) => x.sigmoid()),
  'hard-sigmoid': kind({}, (x) => x.hardSigmoid()),
  'hard-swish': kind({}, (x) => x.hardSwish()),
  softmax: kind<{ axis?: number }>({ axis: optional(integer(-8), -1) }, (x, { axis }) => x.softmax(axis)),
  'log-softmax': kind<{ axis?: number }>({ axis: optional(integer(-8), -1) }, (x, { axis }) => x.logSoftmax(axis)),
  identity: kind({}, (x) => x),
} satisfies Readonly<Record<string, ActivationKind>>;

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
  | 'identity';

/**
 * An activation function by name; the type in JSON is that name. Settings: `slope` of leaky-relu (0.01), `alpha` of elu
 * (1), `approximate` of gelu ('none' or 'tanh'), `beta` (1) and `threshold` (0: none) of softplus, `axis` of softmax and log-softmax (-1).
 */
export class Activation extends Module {
  readonly type: ActivationName;
  readonly settings: object;
  private readonly apply: (x: Tensor) => Tensor;

  /** Throws ConfigError for an unknown name or setting. */
  constructor(type: ActivationName, settings: object = {}, where = '') {
    super();
    const found = own(kinds, type);
    if (!found)
      throw new ConfigError(
        'activation',
        `${show(type)} is no known function; known are ${Object.keys(kinds).join(', ')}`,
      );
    this.type = type;
    const made = found.create(settings, where === '' ? type : where);
    this.settings = made.settings;
    this.apply = made.apply;
  }

  forward(x: Tensor): Tensor {
    return this.apply(x);
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.settings };
  }
}

/** The activation functions in JSON. */
export const activationTypes: readonly ModuleType[] = (Object.keys(kinds) as ActivationName[]).map((type) => ({
  type,
  build: (config, _context, where) => new Activation(type, config, where),
}));

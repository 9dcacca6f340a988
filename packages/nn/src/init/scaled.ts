/**
 * Initialisers whose spread follows from the fans of the layer.
 * Sources: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
 * 2010 (Xavier); K. He et al., "Delving deep into rectifiers", ICCV 2015 (Kaiming); Y. LeCun et al., "Efficient BackProp",
 * 1998, and G. Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017 (LeCun).
 */
import { normal, uniform } from '@espalier/tensor';
import { aNumber, check, oneOf } from '@espalier/tensor/arguments';
import { optional, real, word, type Fields } from '../config/fields.ts';
import { initialiserType } from './basic.ts';
import type { Fans, Initialiser, InitialiserType } from './initialiser.ts';

/** Which fans a Kaiming initialiser keeps the variance for: of activations (`fan-in`) or of gradients (`fan-out`). */
export type FanMode = 'fan-in' | 'fan-out' | 'fan-average';

/** The activation that follows, which decides the gain. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leaky-relu' | 'selu';

const gains: Readonly<Record<Nonlinearity, (slope: number) => number>> = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  'leaky-relu': (slope) => Math.sqrt(2 / (1 + slope ** 2)),
  selu: () => 3 / 4,
};

const aNonlinearity = oneOf(...(Object.keys(gains) as Nonlinearity[]));

/** The factor by which weights are scaled up to make good for what an activation takes away. */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  check('gainOf', 'nonlinearity', nonlinearity, aNonlinearity);
  check('gainOf', 'slope', slope, aNumber);
  return gains[nonlinearity](slope);
}

const fanModes: Readonly<Record<FanMode, (fans: Fans) => number>> = {
  'fan-in': ({ fanIn }) => fanIn,
  'fan-out': ({ fanOut }) => fanOut,
  'fan-average': ({ fanIn, fanOut }) => (fanIn + fanOut) / 2,
};

type Distribution = (std: number) => Initialiser;

const distributions: Readonly<Record<'normal' | 'uniform', Distribution>> = {
  normal: (std) => (shape, _fans, context) => normal(shape, { std }, context),
  // A uniform distribution on ±b has standard deviation b / √3.
  uniform: (std) => (shape, _fans, context) =>
    uniform(shape, { low: -std * Math.sqrt(3), high: std * Math.sqrt(3) }, context),
};

/** Variance gain² / fan. */
function scaled(distribution: Distribution, gain: number, mode: FanMode): Initialiser {
  return (shape, fans, context) =>
    distribution(gain / Math.sqrt(Math.max(1, fanModes[mode](fans))))(shape, fans, context);
}

interface GainSettings {
  readonly gain: number;
}

interface KaimingSettings {
  readonly mode: FanMode;
  readonly nonlinearity: Nonlinearity;
  /** Of a leaky ReLU. */
  readonly slope: number;
}

const gainFields: Fields<GainSettings> = { gain: optional(real({ above: 0 }), 1) };

const kaimingFields: Fields<KaimingSettings> = {
  mode: optional(word('fan-in', 'fan-out', 'fan-average'), 'fan-in'),
  nonlinearity: optional(word('linear', 'sigmoid', 'tanh', 'relu', 'leaky-relu', 'selu'), 'relu'),
  slope: optional(real(), 0.01),
};

/** xavier-, kaiming- and lecun-, each -normal and -uniform. */
export const scaledInitialisers: readonly InitialiserType[] = (['normal', 'uniform'] as const).flatMap((name) => {
  const distribution = distributions[name];
  return [
    initialiserType<GainSettings>(`xavier-${name}`, gainFields, ({ gain }) =>
      scaled(distribution, gain, 'fan-average'),
    ),
    initialiserType<KaimingSettings>(`kaiming-${name}`, kaimingFields, ({ mode, nonlinearity, slope }) =>
      scaled(distribution, gainOf(nonlinearity, slope), mode),
    ),
    initialiserType(`lecun-${name}`, {}, () => scaled(distribution, 1, 'fan-in')),
  ];
});

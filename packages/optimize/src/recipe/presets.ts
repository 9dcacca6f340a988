/** Recipes by name: what a step `{ include: 'tiny' }` stands for. */
import type { StepConfig } from './pass.ts';

/** A recipe under its name. */
export interface Preset {
  /** What it is for, in a sentence. */
  readonly summary: string;
  readonly steps: readonly (StepConfig | { readonly together: readonly StepConfig[] })[];
}

/** The decay is in the gradient, which Adam scales: weights without a use shrink, and are the first to go. */
const train = {
  epochs: 10,
  batchSize: 128,
  optimizer: { type: 'adam', lr: 1e-3, weightDecay: 1e-4 },
  schedule: 'cosine',
};

const gradually = (sparsity: number): StepConfig => ({
  type: 'prune',
  sparsity,
  scope: 'global',
  schedule: 'cubic',
  train,
});

/** The name of a preset. */
export type PresetName = 'int8' | 'int4' | 'fast' | 'tiny' | 'deep-compression';

/** The recipes that have names. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  int8: {
    summary: 'Whole numbers of 8 bits for each output channel, without data: a quarter of the bytes.',
    steps: [{ type: 'quantize' }],
  },
  int4: {
    summary: 'Numbers of 4 bits by GPTQ, with a scale for 32 columns, on examples: a seventh of the bytes.',
    steps: [{ type: 'gptq', bits: 4, group: 32 }],
  },
  fast: {
    summary: 'Half of the neurons, channels and heads, in multiples of 4: layers that are smaller on every device.',
    steps: [{ type: 'shrink', ratio: 0.5, roundTo: 4, train }],
  },
  tiny: {
    summary: 'One weight of twelve, gradually in training, in 8 bits.',
    steps: [gradually(1 - 1 / 12), { type: 'quantize' }],
  },
  // S. Han, H. Mao and W. Dally, "Deep compression", ICLR 2016.
  'deep-compression': {
    summary:
      'One weight of twenty, gradually in training, in 15 values that are trained; the smallest when saved with entropy.',
    steps: [
      { ...gradually(0.95), train: { ...train, epochs: 15 } },
      { type: 'cluster', bits: 4, train: { ...train, epochs: 3, optimizer: { ...train.optimizer, lr: 3e-4 } } },
    ],
  },
};

/** The names of all presets. */
export const presetNames: readonly PresetName[] = Object.keys(presets) as PresetName[];

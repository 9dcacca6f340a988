/** What is tried where nobody gives a recipe: families of recipes, the cheap ones first. */
import type { Module } from '@espalier/nn';
import { finetune } from '../finetune/finetune.ts';
import { prune } from '../prune/prune.ts';
import { quantize } from '../quantize/quantize.ts';
import type { Dimension } from '../recipe/pass.ts';
import { spaceOf, type RecipeDimension } from '../recipe/space.ts';
import type { Step } from '../recipe/run.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { gptq } from '../second-order/gptq.ts';
import { shrink } from '../structured/shrink.ts';
import type { Values } from './knobs.ts';

/** Recipes of one kind. */
export interface Family {
  /** What it does, in a few words, for reports. */
  readonly name: string;
  readonly dimensions: readonly RecipeDimension[];
  /** What trains, or comes first. */
  readonly beginning: (values: Values) => readonly Step[];
  /** What may follow, each of which is measured: they cost little beside what they follow on. */
  readonly endings: readonly (readonly Step[])[];
  /** Goes on with what nearly kept the goals. */
  readonly repair?: Step;
}

/** What families are made for. */
export interface FamilyContext {
  readonly model: Module;
  /** Whether there are examples to learn from, and a loss. */
  readonly canTrain: boolean;
  readonly canCalibrate: boolean;
  /** Whether fewer units are worth a try: there are some to cut, and what they cost is limited, or is to be small. */
  readonly canShrink: boolean;
  readonly epochs: number;
}

const training = (epochs: number): TrainingConfig => ({
  epochs,
  batchSize: 128,
  // The decay is in the gradient, which Adam scales: weights without a use shrink, and are the first to go.
  optimizer: { type: 'adam', lr: 1e-3, weightDecay: 1e-4 },
  schedule: 'cosine',
});

/** One recipe as it is. */
function fixed(name: string, steps: readonly Step[]): Family {
  return { name, dimensions: [], beginning: () => steps, endings: [[]] };
}

/** How many times fewer weights: evenly in ratios, since what is saved is. */
const fewer: Dimension = { kind: 'number', low: 2, high: 80, start: 12, resolution: 0.08, log: true };

/** What share of the units goes. */
const gone: Dimension = { kind: 'number', low: 0.1, high: 0.9, start: 0.5, resolution: 0.03 };

/** A recipe of somebody's, with all that its passes let one turn. */
export async function ownFamily(model: Module, steps: readonly Step[]): Promise<Family> {
  const { dimensions, at } = await spaceOf(model, steps);
  return { name: 'the recipe', dimensions, beginning: at, endings: [[]] };
}

/** The families for a model, those that need no training first. */
export function familiesFor({ canTrain, canCalibrate, canShrink, epochs }: FamilyContext): Family[] {
  const train = training(epochs);
  const numbers: readonly (readonly Step[])[] = [[quantize()]];
  return [
    fixed('int8', [quantize()]),
    ...(canCalibrate ? [fixed('int4 by GPTQ', [gptq({ bits: 4, group: 32 })])] : []),
    ...(canTrain && canShrink
      ? [
          {
            name: 'smaller layers',
            dimensions: [{ name: 'ratio', dimension: gone }],
            beginning: ({ ratio }: Values) => [shrink({ ratio: ratio as number, method: 'wanda', train })],
            endings: [[], ...numbers],
            repair: finetune(training(Math.ceil(epochs / 2))),
          } satisfies Family,
        ]
      : []),
    ...(canTrain
      ? [
          {
            name: 'gradual pruning and int8',
            dimensions: [{ name: 'times', dimension: fewer }],
            beginning: ({ times }: Values) => [
              prune({ sparsity: 1 - 1 / (times as number), scope: 'global', schedule: 'cubic', train }),
            ],
            endings: numbers,
            repair: finetune(training(Math.ceil(epochs / 2))),
          } satisfies Family,
        ]
      : []),
  ];
}

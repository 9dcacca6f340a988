/** What is tried where nobody gives a recipe: families of recipes, the cheap ones first. */
import type { Json, Module } from '@espalier/nn';
import { cluster } from '../cluster/cluster.ts';
import { finetune } from '../finetune/finetune.ts';
import { fold } from '../fold/fold.ts';
import { prune } from '../prune/prune.ts';
import { quantize } from '../quantize/quantize.ts';
import type { Dimension } from '../recipe/pass.ts';
import { spaceOf, type RecipeDimension } from '../recipe/space.ts';
import type { Step } from '../recipe/run.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { gptq } from '../second-order/gptq.ts';
import { shrink } from '../structured/shrink.ts';
import type { Values } from './knobs.ts';
import type { MinimizedCost } from './options.ts';

/** Recipes of one kind. */
export interface Family {
  /** What it does, in a few words, for reports. */
  readonly name: string;
  readonly dimensions: readonly RecipeDimension[];
  /** A choice that is made once for a search, by what came of the first values with each: later families keep to it. */
  readonly settles?: Settled;
  /** What trains, or comes first. */
  readonly beginning: (values: Values) => readonly Step[];
  /** What may follow, the smallest first; the next is tried where the one before does not keep the goals. */
  readonly endings: readonly (readonly Step[])[];
  /** Goes on with what nearly kept the goals. */
  readonly repair?: (values: Values) => Step;
  /** How many values of its knobs are tried at most. Default: as many as there are to try. */
  readonly most?: number;
}

/** A choice by name, and what there is to choose from. */
export interface Settled {
  readonly name: string;
  readonly values: readonly Json[];
}

/** What families are made for. */
export interface FamilyContext {
  readonly model: Module;
  /** Whether there are examples to learn from, and a loss. */
  readonly canTrain: boolean;
  readonly canCalibrate: boolean;
  /** Whether there are units to cut. */
  readonly canShrink: boolean;
  /** Whether there are norms that are a part of the layers before them. */
  readonly canFold: boolean;
  readonly epochs: number;
  /** The costs that matter: what is made small, and what goals limit. */
  readonly costs: readonly string[];
}

/** How strongly training holds weights down. */
type Decay = 'little' | 'much';

/**
 * Models that know their examples by heart gain by much decay what they lose by pruning, and others lose by it: which it is shows
 * in the examples that were held out.
 */
const decay: Settled = { name: 'decay', values: ['little', 'much'] satisfies readonly Decay[] };

const optimizers: Readonly<Record<Decay, { readonly lr: number; readonly weightDecay: number }>> = {
  little: { lr: 1e-3, weightDecay: 1e-4 },
  much: { lr: 2e-3, weightDecay: 1e-2 },
};

/** How a recipe of these trains: its decay is in the gradient, which Adam scales, so that weights without a use shrink and go first. */
function training(epochs: number, values: Values): TrainingConfig {
  const own = optimizers[(values[decay.name] ?? 'little') as Decay];
  return { epochs, batchSize: 128, optimizer: { type: 'adam', ...own }, schedule: 'cosine' };
}

/** How many times fewer weights: evenly in ratios, since what is saved is. */
const fewerWeights: Dimension = { kind: 'number', low: 2, high: 80, start: 8, resolution: 0.08, log: true };

/** How many times fewer units: a layer of a third of them has a ninth of the weights. */
const fewerUnits: Dimension = { kind: 'number', low: 1.15, high: 12, start: 2, resolution: 0.06, log: true };

/** Costs that zeros do not make less, but smaller layers do. */
const ofShapes: readonly string[] = ['latency', 'macs', 'parameters', 'memory'] satisfies readonly MinimizedCost[];

/** What a family is, and what it is of use for. */
interface FamilyRule {
  readonly needs: 'nothing' | 'calibration' | 'training' | 'units';
  readonly isFor: (costs: readonly string[]) => boolean;
  readonly make: (context: FamilyContext) => Family;
}

const forShapes = (costs: readonly string[]): boolean => costs.some((cost) => ofShapes.includes(cost));
const forStorage = (costs: readonly string[]): boolean => costs.some((cost) => !['macs', 'parameters'].includes(cost));

/** One recipe as it is. */
export function fixedFamily(name: string, steps: readonly Step[]): Family {
  return { name, dimensions: [], beginning: () => [], endings: [steps] };
}

/** What goes where a part of so many times less stays. */
const share = (times: Json = 1): number => 1 - 1 / (times as number);

const pruned = (times: Json | undefined, train: TrainingConfig): Step =>
  prune({ sparsity: share(times), scope: 'global', maximum: 0.995, schedule: 'cubic', train });

/** What weights become at the end: few values that are trained once more, or whole numbers of 8 bits. */
function numbers(epochs: number): readonly (readonly Step[])[] {
  const train: TrainingConfig = {
    epochs: Math.max(1, Math.round(epochs / 4)),
    batchSize: 128,
    schedule: 'cosine',
    optimizer: { type: 'adam', lr: 3e-4, weightDecay: 1e-4 },
  };
  return [[cluster({ bits: 4, train })], [quantize()]];
}

/** In the order in which they are tried. */
const rules: readonly FamilyRule[] = [
  { needs: 'nothing', isFor: forStorage, make: () => fixedFamily('int8', [quantize()]) },
  {
    needs: 'calibration',
    isFor: forStorage,
    // Where bytes alone count, scales take half: of layers with few columns they are as much as the codes.
    make: ({ costs }) =>
      fixedFamily('int4 by GPTQ', [
        gptq({ bits: 4, group: 32, ...(!costs.includes('latency') && { scales: 'f16' as const }) }),
      ]),
  },
  {
    needs: 'calibration',
    isFor: (costs) => costs.includes('latency'),
    make: () => fixedFamily('int8 of weights and activations', [quantize({ activations: 'static' })]),
  },
  {
    needs: 'units',
    isFor: forShapes,
    make: ({ epochs, costs }) => ({
      name: 'fewer units',
      dimensions: [{ name: 'times', dimension: fewerUnits }],
      settles: decay,
      beginning: (values) => [
        shrink({ ratio: share(values['times']), method: 'wanda', roundTo: 4, train: training(epochs, values) }),
      ],
      endings: costs.includes('latency')
        ? [[quantize({ activations: 'static' })], []]
        : forStorage(costs)
          ? [[quantize()], []]
          : [[]],
      repair: (values) => finetune(training(Math.ceil(epochs / 2), values)),
    }),
  },
  {
    needs: 'training',
    isFor: (costs) => costs.some((cost) => !['macs', 'parameters', 'memory'].includes(cost)),
    make: ({ epochs }) => ({
      name: 'gradual pruning and few values',
      dimensions: [{ name: 'times', dimension: fewerWeights }],
      settles: decay,
      beginning: (values) => [pruned(values['times'], training(epochs, values))],
      endings: numbers(epochs),
      repair: (values) => finetune(training(Math.ceil(epochs / 2), values)),
    }),
  },
  {
    needs: 'units',
    isFor: (costs) => costs.includes('bytes') || forShapes(costs),
    make: ({ epochs }) => ({
      name: 'fewer units, gradual pruning and few values',
      dimensions: [
        { name: 'units', dimension: { ...fewerUnits, start: 1.5 } },
        { name: 'weights', dimension: { ...fewerWeights, start: 8 } },
      ],
      settles: decay,
      beginning: (values) => [
        shrink({
          ratio: share(values['units']),
          method: 'wanda',
          roundTo: 4,
          train: training(Math.ceil(epochs / 2), values),
        }),
        pruned(values['weights'], training(epochs, values)),
      ],
      endings: numbers(epochs),
      most: 6,
    }),
  },
];

/** The same family with norms folded once nothing needs them any more: before numbers are rounded. */
function folding(family: Family): Family {
  return { ...family, endings: family.endings.map((ending) => [fold(), ...ending]) };
}

/** A recipe of somebody's, with all that its passes let one turn. */
export async function ownFamily(model: Module, steps: readonly Step[]): Promise<Family> {
  const { dimensions, at } = await spaceOf(model, steps);
  return { name: 'the recipe', dimensions, beginning: at, endings: [[]] };
}

/** The families for a model and what is wanted of it, those that need no training first. */
export function familiesFor(context: FamilyContext): Family[] {
  const { canTrain, canCalibrate, canShrink, canFold, costs } = context;
  const can = { nothing: true, calibration: canCalibrate, training: canTrain, units: canTrain && canShrink };
  const families = rules.filter(({ needs, isFor }) => can[needs] && isFor(costs)).map(({ make }) => make(context));
  return canFold ? families.map(folding) : families;
}

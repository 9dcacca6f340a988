/** What can be said about cutting widths. */
import { RecipeError } from '../errors.ts';
import { importances, needOf, wordsOf } from '../prune/importance.ts';
import { integerOption, numberOption, oneOf, optionsOf } from '../recipe/options.ts';
import { checkTraining } from '../recipe/training.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { checkFilter, type ParameterFilter } from '../selection/parameter-filter.ts';
import type { ShrinkScope, UnitChoice } from './choose-units.ts';
import { unitScores } from './unit-scores.ts';
import type { WidthKind } from './widths.ts';

/** Options of shrinking. What `include` and `exclude` match are the weights that a width is cut out of, one of them at least. */
export interface ShrinkOptions extends ParameterFilter {
  /** Share of the units that go, from 0 to below 1. */
  readonly ratio: number;
  /** Which kinds of units. Default: all. */
  readonly structure?: WidthKind | readonly WidthKind[];
  /**
   * Which units go first, by their weights in all tensors that they are in: `magnitude` (the ℓ2 norm), `l1`, `taylor` (what the
   * loss would change by), `norm-scale` (of batch norms), `random`, or a score of single weights by its name, added up.
   * Default: `magnitude`.
   */
  readonly method?: string;
  /** Whether each width loses the ratio, or they are ranked together, all or those of the same structure. Default: `local`. */
  readonly scope?: ShrinkScope;
  /** Where they are ranked together: the least share that each width loses. Default: 0. */
  readonly minimum?: number;
  /** Where they are ranked together: the largest share that a width may lose. Default: 0.9, or half of the way from `ratio` to 1. */
  readonly maximum?: number;
  /** Numbers of units that stay are rounded up to a multiple of it: 4 or 8 for kernels. Default: 1. */
  readonly roundTo?: number;
  /** On how many examples of the training data norms over examples are measured anew; 0 leaves them as they are. Default: 4,096. */
  readonly recalibrate?: number;
  /** On how many examples of the training data a score is measured that needs some. Default: as the score has it, mostly 1,024. */
  readonly calibrate?: { readonly examples: number };
  /** The training in which the rest makes up for what is gone. Default: none. */
  readonly train?: TrainingConfig;
}

const optionNames: readonly (keyof ShrinkOptions)[] = [
  'ratio',
  'structure',
  'method',
  'scope',
  'minimum',
  'maximum',
  'roundTo',
  'recalibrate',
  'calibrate',
  'train',
  'include',
  'exclude',
];

/** Options of shrinking that were checked, with their defaults. */
export interface CheckedShrinking extends UnitChoice {
  readonly kinds: readonly WidthKind[];
  readonly method: string;
  readonly recalibrate: number;
  /** Default: as many as the score asks for. */
  readonly examples: number | undefined;
}

const widthKinds: readonly WidthKind[] = ['neuron', 'channel', 'head'];

/**
 * The options with their defaults.
 * @throws {RecipeError} for what contradicts itself.
 */
export function checkShrinking(place: string, options: ShrinkOptions): CheckedShrinking {
  optionsOf(place, options, optionNames);
  const { ratio, structure = widthKinds, method = 'magnitude', scope = 'local', roundTo = 1 } = options;
  numberOption(place, 'ratio', ratio, { least: 0, below: 1 });
  const kinds = typeof structure === 'string' ? [structure] : structure;
  if (!Array.isArray(kinds) || kinds.length === 0) oneOf(place, 'structure', kinds as never, widthKinds);
  for (const kind of kinds) oneOf(place, 'structure', kind, widthKinds);
  oneOf(place, 'method', method, [...new Set([...unitScores, ...importances])]);
  if (needOf(method).need === 'movement')
    throw new RecipeError(
      place,
      `${method} scores by what a training moves, and units go before it; use another method`,
    );
  oneOf<ShrinkScope>(place, 'scope', scope, ['local', 'global', 'isomorphic']);
  if (scope === 'local' && (options.minimum !== undefined || options.maximum !== undefined))
    throw new RecipeError(
      place,
      'minimum and maximum bound what each width loses where they are ranked together; under local scope each loses the ratio',
    );
  const { minimum = 0, maximum = Math.max(0.9, (1 + ratio) / 2), recalibrate = 4096, calibrate } = options;
  numberOption(place, 'minimum', minimum, { least: 0, most: ratio });
  numberOption(place, 'maximum', maximum, { least: ratio, below: 1 });
  integerOption(place, 'roundTo', roundTo, 1);
  integerOption(place, 'recalibrate', recalibrate, 0);
  if (calibrate !== undefined) {
    optionsOf(`${place}.calibrate`, calibrate, ['examples']);
    integerOption(place, 'calibrate.examples', calibrate.examples, 1);
  }
  checkTraining(`${place}.train`, options.train);
  checkFilter(place, options);
  return {
    ratio,
    kinds,
    method,
    scope,
    minimum,
    maximum,
    roundTo,
    recalibrate,
    examples: calibrate?.examples,
  };
}

const methodWords: Readonly<Record<string, string>> = {
  l1: 'by the sum of magnitudes',
  taylor: 'by what the loss would change by',
  'norm-scale': 'by the scales of norms',
};

const scopeWords: Readonly<Record<ShrinkScope, string>> = {
  local: 'the same share of each width',
  global: 'in one ranking of all widths',
  isomorphic: 'in one ranking of all widths of the same structure',
};

/** What is done, in words: by which score, and how it is shared among widths. */
export function describeShrinking({ method, scope, roundTo }: CheckedShrinking): string {
  const rounding = roundTo > 1 ? `, to multiples of ${roundTo}` : '';
  return `${methodWords[method] ?? wordsOf(method)}, ${scopeWords[scope]}${rounding}`;
}

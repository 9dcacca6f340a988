/** What can be said about pruning. */
import { numberOption, oneOf, optionsOf } from '../recipe/options.ts';
import { checkTraining } from '../recipe/training.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { RecipeError } from '../errors.ts';
import { checkFilter, type ParameterFilter } from '../selection/parameter-filter.ts';
import type { PruneScope, SparsityBounds } from './allocate.ts';
import { importances, wordsOf, type Importance } from './importance.ts';
import {
  maskUpdates,
  scheduleOptionNames,
  scheduleShapes,
  type PruningSchedule,
  type ScheduleShape,
} from './schedule.ts';

/** Options of pruning. */
export interface PruneOptions extends ParameterFilter {
  /** Share of the chosen weights to drop, from 0 to below 1. Exactly ⌊sparsity · size⌋ go. */
  readonly sparsity: number;
  /** Which weights go first. Default: `magnitude`. */
  readonly method?: Importance;
  /** Whether each tensor reaches the sparsity, or all together. Default: `global`. */
  readonly scope?: PruneScope;
  /** Under global scope: the least share that each tensor loses. Default: 0. */
  readonly minimum?: number;
  /** Under global scope: the largest share that a tensor may lose. Default: 0.98, or half of the way from `sparsity` to 1. */
  readonly maximum?: number;
  /** Whether the weights go at once or during training. Default: `one-shot`. */
  readonly schedule?: ScheduleShape | PruningSchedule;
  /** The training in which the weights go, and the rest makes up for them. Default: none for `one-shot`, else the usual. */
  readonly train?: TrainingConfig;
}

const optionNames: readonly (keyof PruneOptions)[] = [
  'sparsity',
  'method',
  'scope',
  'minimum',
  'maximum',
  'schedule',
  'train',
  'include',
  'exclude',
];

/** Options of pruning that were checked, with their defaults. */
export interface CheckedPruning {
  readonly sparsity: number;
  readonly method: Importance;
  readonly scope: PruneScope;
  readonly bounds: SparsityBounds;
  readonly schedule: PruningSchedule;
  /** Whether there is a training. */
  readonly trains: boolean;
}

/**
 * The options with their defaults.
 * @throws {RecipeError} or ArgumentError of a schedule, for what contradicts itself.
 */
export function checkPruning(place: string, options: PruneOptions): CheckedPruning {
  optionsOf(place, options, optionNames);
  const { sparsity, method = 'magnitude', scope = 'global' } = options;
  numberOption(place, 'sparsity', sparsity, { least: 0, below: 1 });
  oneOf(place, 'method', method, importances);
  oneOf<PruneScope>(place, 'scope', scope, ['local', 'global']);
  const { minimum = 0, maximum = Math.max(0.98, (1 + sparsity) / 2) } = options;
  if (scope === 'local' && (options.minimum !== undefined || options.maximum !== undefined)) {
    throw new RecipeError(
      place,
      'minimum and maximum bound what each tensor loses under global scope; under local scope each loses the sparsity',
    );
  }
  numberOption(place, 'minimum', minimum, { least: 0, most: sparsity });
  numberOption(place, 'maximum', maximum, { least: sparsity, most: 1 });
  const schedule: PruningSchedule =
    typeof options.schedule === 'object' ? options.schedule : { shape: options.schedule ?? 'one-shot' };
  optionsOf(`${place}.schedule`, schedule, scheduleOptionNames);
  oneOf(place, 'schedule', schedule.shape, scheduleShapes);
  maskUpdates(schedule, sparsity, 1);
  checkTraining(`${place}.train`, options.train);
  checkFilter(place, options);
  const trains = options.train !== undefined || schedule.shape !== 'one-shot';
  return { sparsity, method, scope, bounds: { minimum, maximum }, schedule, trains };
}

/** A part of a whole, as it was given: `98 %`. */
const percent = (part: number): string => `${Number((part * 100).toFixed(3))} %`;

const allocations: Readonly<Record<PruneScope, (bounds: SparsityBounds) => string>> = {
  global: ({ minimum, maximum }) =>
    `in one ranking of all tensors, ${minimum > 0 ? `${percent(minimum)} to` : 'at most'} ${percent(maximum)} of each`,
  local: () => 'the same share of each tensor',
};

/**
 * What is done, in words: by which score, how it is shared among tensors, when. `updates` is how often masks grew, once that
 * is known: what falls on one step of the training is done at once.
 */
export function describePruning({ method, scope, bounds, schedule, trains }: CheckedPruning, updates?: number): string {
  const { shape, begin = 0, end = 0.5 } = schedule;
  const gradually = `on a ${shape} schedule${updates === undefined ? '' : ` of ${updates} ${updates === 1 ? 'update' : 'updates'}`} from ${percent(begin)} to ${percent(end)} of the training`;
  const atOnce = trains && begin > 0 ? `at once, after ${percent(begin)} of the training` : 'at once';
  return [wordsOf(method), allocations[scope](bounds), shape === 'one-shot' ? atOnce : gradually].join(', ');
}

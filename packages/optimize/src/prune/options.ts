/** What can be said about pruning. */
import { integerOption, oneOf, optionsOf } from '../recipe/options.ts';
import { checkTraining } from '../recipe/training.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { RecipeError } from '../errors.ts';
import { checkFilter, type ParameterFilter } from '../selection/parameter-filter.ts';
import type { PruneScope } from './allocate.ts';
import type { ScoreNeed } from './evidence.ts';
import { importances, needOf, wordsOf, type Importance } from './importance.ts';
import { isNOfM, parsePattern, unitWords, type PrunePattern, type Units } from './pattern.ts';
import { checkPerTensor, isMap, type PerTensor } from '../selection/per-tensor.ts';
import {
  maskUpdates,
  scheduleOptionNames,
  scheduleShapes,
  type PruningSchedule,
  type ScheduleShape,
} from './schedule.ts';

/** Options of pruning. */
export interface PruneOptions extends ParameterFilter {
  /**
   * Share of the chosen weights to drop, from 0 to below 1: exactly ⌊sparsity · size⌋ go. Or the share of each tensor, by the
   * first pattern over names that stands for it: `{ '0.weight': 0.95, '*': 0.8 }`; others stay whole. Left out for a pattern
   * n:m, which says it.
   */
  readonly sparsity?: PerTensor;
  /** Which weights go first. Default: `magnitude`. */
  readonly method?: Importance;
  /** Whether each tensor reaches the sparsity, or all together. Default: `global`, unless each has a sparsity of its own. */
  readonly scope?: PruneScope;
  /** Which weights go together. Of rows, columns and blocks shares are of their number. Default: `unstructured`. */
  readonly pattern?: PrunePattern;
  /** Under global scope: the least share that each tensor, or a tensor of a name, loses. Default: 0. */
  readonly minimum?: PerTensor;
  /** Under global scope: the largest share that a tensor may lose. Default: 0.98, or half of the way from `sparsity` to 1. */
  readonly maximum?: PerTensor;
  /** Whether the weights go at once or during training. Default: `one-shot`. */
  readonly schedule?: ScheduleShape | PruningSchedule;
  /** For scores that are measured: on how many examples of the training data, spread evenly. Default: 1,024; for `snip` 128. */
  readonly calibrate?: { readonly examples: number };
  /** The training in which the weights go, and the rest makes up for them. Default: none for `one-shot`, else the usual. */
  readonly train?: TrainingConfig;
}

const optionNames: readonly (keyof PruneOptions)[] = [
  'sparsity',
  'method',
  'scope',
  'pattern',
  'minimum',
  'maximum',
  'schedule',
  'calibrate',
  'train',
  'include',
  'exclude',
];

/** How it is chosen which weights go, checked. */
export interface CheckedRanking {
  readonly method: Importance;
  /** What the score needs to be told, measured on so many examples. */
  readonly need: ScoreNeed | undefined;
  readonly examples: number;
  readonly scope: PruneScope;
  readonly units: Units;
  readonly minimum: PerTensor;
  /** Absent for the default, which gives way to who asks for more. */
  readonly maximum: PerTensor | undefined;
}

/** Options of pruning that were checked, with their defaults. */
export interface CheckedPruning extends CheckedRanking {
  /** That of a pattern n:m is 1 - n / m. */
  readonly sparsity: PerTensor;
  readonly schedule: PruningSchedule;
  /** Whether there is a training. */
  readonly trains: boolean;
}

/** The options of a ranking. */
export type RankingOptions = Pick<PruneOptions, 'method' | 'scope' | 'pattern' | 'minimum' | 'maximum' | 'calibrate'>;

/** The most that a tensor may lose where nothing is said, for a sparsity of all. */
export function defaultMaximum(sparsity: number): number {
  return Math.max(0.98, (1 + sparsity) / 2);
}

/** @throws {RecipeError} for a ranking that contradicts itself, for weights of which so many are to go. */
export function checkRanking(place: string, options: RankingOptions, sparsity: PerTensor | undefined): CheckedRanking {
  const { method = 'magnitude', minimum = 0, maximum, calibrate } = options;
  const units = parsePattern(place, options.pattern);
  const isShared = sparsity !== undefined && !isMap(sparsity) && !isNOfM(units);
  const { scope = isShared ? 'global' : 'local' } = options;
  oneOf(place, 'method', method, importances);
  oneOf<PruneScope>(place, 'scope', scope, ['local', 'global']);
  if (scope === 'global' && !isShared)
    throw new RecipeError(
      place,
      'scope is global, one ranking of all tensors, but each has a share of its own to lose; leave it out',
    );
  if (scope === 'local' && (options.minimum !== undefined || maximum !== undefined)) {
    throw new RecipeError(
      place,
      'minimum and maximum bound what each tensor loses under global scope; under local scope each loses the sparsity',
    );
  }
  checkPerTensor(place, 'minimum', minimum, { least: 0, ...(isShared && { most: sparsity }) });
  if (maximum !== undefined)
    checkPerTensor(place, 'maximum', maximum, {
      ...(!isMap(maximum) && isShared && { least: sparsity }),
      most: 1,
    });
  const { need, examples } = needOf(method);
  if (calibrate !== undefined) {
    optionsOf(`${place}.calibrate`, calibrate, ['examples']);
    integerOption(place, 'calibrate.examples', calibrate.examples, 1);
    if (need === undefined || need === 'movement')
      throw new RecipeError(
        place,
        `calibrate is given, but weights are chosen ${wordsOf(method)}, which is not measured on examples; leave it out`,
      );
  }
  return { method, need, examples: calibrate?.examples ?? examples, scope, units, minimum, maximum };
}

/**
 * The options with their defaults.
 * @throws {RecipeError} or ArgumentError of a schedule, for what contradicts itself.
 */
export function checkPruning(place: string, options: PruneOptions): CheckedPruning {
  optionsOf(place, options, optionNames);
  const units = parsePattern(place, options.pattern);
  const given = options.sparsity;
  if (isNOfM(units) && given !== undefined)
    throw new RecipeError(
      place,
      `has a sparsity, but the pattern ${options.pattern} says how many weights go; leave it out`,
    );
  const sparsity: PerTensor = isNOfM(units) ? 1 - units.n / units.m : (given as PerTensor);
  checkPerTensor(place, 'sparsity', sparsity, { least: 0, below: 1 });
  const ranking = checkRanking(place, options, sparsity);
  const schedule: PruningSchedule =
    typeof options.schedule === 'object' ? options.schedule : { shape: options.schedule ?? 'one-shot' };
  optionsOf(`${place}.schedule`, schedule, scheduleOptionNames);
  oneOf(place, 'schedule', schedule.shape, scheduleShapes);
  for (const each of isMap(sparsity) ? Object.values(sparsity) : [sparsity]) maskUpdates(schedule, each, 1);
  checkTraining(`${place}.train`, options.train);
  checkFilter(place, options);
  const trains = options.train !== undefined || schedule.shape !== 'one-shot';
  checkMovement(place, ranking, schedule, trains);
  return { ...ranking, sparsity, schedule, trains };
}

/** @throws {RecipeError} where weights would go before a training moved any. */
function checkMovement(
  place: string,
  { need }: CheckedRanking,
  { shape, initial = 0, begin = 0 }: PruningSchedule,
  trains: boolean,
): void {
  if (need !== 'movement') return;
  const isLate = begin > 0 || (shape !== 'one-shot' && initial === 0);
  if (trains && isLate) return;
  throw new RecipeError(
    place,
    `movement is gathered in training, and weights would go ${trains ? 'before its first step; let the schedule begin later' : 'without any; give train, and a schedule such as cubic'}`,
  );
}

/** A part of a whole, as it was given: `98 %`. */
const percent = (part: number): string => `${Number((part * 100).toFixed(3))} %`;

const bound = (given: PerTensor): string => (isMap(given) ? 'the share of its own' : percent(given));

const globally = (minimum: PerTensor, maximum: PerTensor): string =>
  `in one ranking of all tensors, ${isMap(minimum) || minimum > 0 ? `${bound(minimum)} to` : 'at most'} ${bound(maximum)} of each`;

/** How weights are ranked, in words; `maximum` is the one that holds. */
export function describeRanking(
  { method, scope, units, minimum }: CheckedRanking,
  sparsity: PerTensor,
  maximum: PerTensor,
): string {
  if (isNOfM(units)) return `${wordsOf(method)}, so that ${units.n} of every ${units.m} of a row stay`;
  const locally = isMap(sparsity) ? 'each tensor its own share' : 'the same share of each tensor';
  return `${wordsOf(method)}, ${scope === 'global' ? globally(minimum, maximum) : locally}`;
}

/**
 * What is done, in words: by which score, how it is shared among tensors, when. `updates` is how often masks grew, once that
 * is known: what falls on one step of the training is done at once.
 */
export function describePruning(pruning: CheckedPruning, maximum: PerTensor, updates?: number): string {
  const { schedule, trains, sparsity } = pruning;
  const { shape, begin = 0, end = 0.5 } = schedule;
  const gradually = `on ${shape === 'exponential' ? 'an' : 'a'} ${shape} schedule${updates === undefined ? '' : ` of ${updates} ${updates === 1 ? 'update' : 'updates'}`} from ${percent(begin)} to ${percent(end)} of the training`;
  const atOnce = trains && begin > 0 ? `at once, after ${percent(begin)} of the training` : 'at once';
  return `${describeRanking(pruning, sparsity, maximum)}, ${shape === 'one-shot' ? atOnce : gradually}`;
}

/** What goes: `drop 480 of 640 weights`. */
export const dropWords = (units: Units, dropped: string, all: string): string =>
  `drop ${dropped} of ${all} ${unitWords(units)}`;

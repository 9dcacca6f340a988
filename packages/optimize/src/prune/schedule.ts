/** Gradual pruning: how much of the final sparsity is reached when. */
import { ArgumentError } from '@espalier/tensor';
import {
  aCount,
  aNumber,
  anObject,
  aPositiveInteger,
  check,
  checkOptions,
  oneOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';

/** How sparsity grows: all at once, in equal steps, fast first and slow at the end, or by the same share of what is left. */
export type ScheduleShape = 'one-shot' | 'linear' | 'cubic' | 'exponential';

/** A pruning schedule. Times are fractions of the training that goes with it. */
export interface PruningSchedule {
  readonly shape: ScheduleShape;
  /** Sparsity before the first update. Default: 0. */
  readonly initial?: number;
  /** When the first update happens. Default: 0. */
  readonly begin?: number;
  /** When the final sparsity is reached; what is left of the training repairs the model. Default: 0.5. */
  readonly end?: number;
  /** How often the mask grows after the first time. Default: 10. */
  readonly updates?: number;
}

/** The mask reaches `sparsity` before training step `step` (counted from 0). */
export interface MaskUpdate {
  readonly step: number;
  readonly sparsity: number;
}

/** More than one update a step does nothing, and there are not that many steps. */
const mostUpdates = 1_000_000;

/** The sparsity at a share of the time between begin and end, from the initial and to the final one. */
const curves: Readonly<Record<ScheduleShape, (time: number, initial: number, final: number) => number>> = {
  'one-shot': (_, __, final) => final,
  linear: (time, initial, final) => initial + (final - initial) * time,
  // Zhu and Gupta, "To prune, or not to prune", 2017: s = s_f + (s_i - s_f)(1 - t)^3.
  cubic: (time, initial, final) => initial + (final - initial) * (1 - (1 - time) ** 3),
  // The density falls by the same factor each time, as rounds of iterative pruning have it.
  exponential: (time, initial, final) => 1 - (1 - initial) ** (1 - time) * (1 - final) ** time,
};

/** The names of the schedule shapes. */
export const scheduleShapes: readonly ScheduleShape[] = Object.keys(curves) as ScheduleShape[];

const scheduleRules: OptionRules<PruningSchedule> = {
  shape: oneOf(...scheduleShapes),
  initial: aNumber,
  begin: aNumber,
  end: aNumber,
  updates: ruleOf(
    `a whole number from 1 to ${mostUpdates}`,
    (value) => aPositiveInteger.holds(value) && value <= mostUpdates,
  ),
};

/** The names of the options of a schedule. */
export const scheduleOptionNames: readonly string[] = Object.keys(scheduleRules);

/**
 * When the mask grows, and to which sparsity, in a training of `steps` steps. The last update reaches `final` exactly;
 * updates that fall on one step become one.
 * @throws {ArgumentError} unless 0 ≤ begin ≤ end ≤ 1, 0 ≤ initial ≤ final < 1 and there is at least one update.
 */
export function maskUpdates(schedule: PruningSchedule, final: number, steps: number): MaskUpdate[] {
  check<object>('prune', 'schedule', schedule, anObject);
  checkOptions('prune', schedule, scheduleRules);
  check('prune', 'shape', schedule.shape, scheduleRules.shape);
  check('prune', 'sparsity', final, aNumber);
  check('prune', 'steps', steps, aCount);
  const { shape, initial = 0, begin = 0, end = 0.5, updates = 10 } = schedule;
  if (!(begin >= 0 && begin <= end && end <= 1)) {
    throw new ArgumentError(
      'prune',
      `the schedule runs from ${begin} to ${end}; both are fractions of the training, in order`,
    );
  }
  if (!(initial >= 0 && initial <= final && final < 1)) {
    throw new ArgumentError(
      'prune',
      `sparsity goes from ${initial} to ${final}; it must grow, from at least 0 to below 1`,
    );
  }
  const last = Math.max(0, steps - 1);
  if (shape === 'one-shot') return [{ step: Math.min(last, Math.floor(begin * steps)), sparsity: final }];
  const bySteps = new Map<number, number>();
  for (let update = 0; update <= updates; update++) {
    const time = update / updates;
    const step = Math.min(last, Math.round((begin + (end - begin) * time) * steps));
    bySteps.set(step, update === updates ? final : Math.min(final, curves[shape](time, initial, final)));
  }
  return [...bySteps].map(([step, sparsity]) => ({ step, sparsity })).filter(({ sparsity }) => sparsity > 0);
}

/** Schedules made of schedules. */
import { aPositiveInteger, anObject, check, listOf, ruleOf } from '@espalier/tensor/arguments';
import { integer, optional, parseFields, real } from '../config/fields.ts';
import { isRecord } from '../json.ts';
import { aSchedule, type Schedule } from './schedule.ts';
import { constant } from './shapes.ts';

/** Part of a sequence. */
const aPart = ruleOf<SequencePart>(
  '{ schedule, steps? }, with a number of steps of at least 1',
  (value) =>
    isRecord(value) &&
    aSchedule.holds(value['schedule']) &&
    (value['steps'] === undefined || aPositiveInteger.holds(value['steps'])),
);

/** Options of a warm-up. */
export interface WarmUpOptions {
  /** Steps until the full learning rate. */
  readonly steps: number;
  /** The factor before the first step. Default: 0. */
  readonly start?: number;
  /** What comes next, over the steps that are left. Default: constant. */
  readonly next?: Schedule;
}

/** From `start` to 1 along a line, step n of the warm-up having (n + 1) / steps of the way; then another schedule. */
export function warmUp(options: WarmUpOptions): Schedule {
  check('warm-up', 'options', options, anObject);
  const { next = constant(), ...given } = options;
  check('warm-up', 'next', next, aSchedule);
  const { steps, start } = parseFields<Omit<WarmUpOptions, 'next'>>(
    'warm-up',
    { steps: integer(0), start: optional(real({ least: 0 }), 0) },
    given,
  );
  return {
    at: (step, horizon) =>
      step < steps
        ? start + ((1 - start) * (step + 1)) / steps
        : next.at(step - steps, { ...horizon, totalSteps: Math.max(1, horizon.totalSteps - steps) }),
    config: () => ({ type: 'warm-up', steps, start, next: next.config() }),
  };
}

/** The product of schedules. */
export function product(...factors: readonly Schedule[]): Schedule {
  check('product', 'factors', factors, listOf(aSchedule));
  return {
    at: (step, horizon) => factors.reduce((result, factor) => result * factor.at(step, horizon), 1),
    config: () => ({ type: 'product', factors: factors.map((factor) => factor.config()) }),
  };
}

/** A schedule with the number of steps it is used for; the last part of a sequence may leave it out. */
export interface SequencePart {
  readonly schedule: Schedule;
  readonly steps?: number;
}

/** Schedules one after the other, each over its own steps. */
export function sequence(...parts: readonly SequencePart[]): Schedule {
  check('sequence', 'parts', parts, listOf(aPart));
  return {
    at: (step, horizon) => {
      let start = 0;
      for (const [index, { schedule, steps }] of parts.entries()) {
        const length = steps ?? Math.max(1, horizon.totalSteps - start);
        if (step < start + length || index === parts.length - 1)
          return schedule.at(step - start, { ...horizon, totalSteps: length });
        start += length;
      }
      return 1;
    },
    config: () => ({
      type: 'sequence',
      parts: parts.map(({ schedule, ...rest }) => ({ ...rest, schedule: schedule.config() })),
    }),
  };
}

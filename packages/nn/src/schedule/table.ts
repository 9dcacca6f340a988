/** Schedules by name. */
import { aFunction, aText, check, ruleOf } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { inside, show } from '../config/fields.ts';
import { isRecord } from '../json.ts';
import { Registry } from '../registry/registry.ts';
import { product, sequence, warmUp } from './compose.ts';
import { aSchedule, type Schedule, type ScheduleConfig } from './schedule.ts';
import {
  constant,
  cosine,
  exponential,
  linear,
  oneCycle,
  stepDecay,
  type ExponentialOptions,
  type StepDecayOptions,
} from './shapes.ts';

/** How a type of schedule is made from JSON. */
export interface ScheduleType {
  readonly type: string;
  /**
   * The options have the type among them; `where` is their place, for errors, and `child` reads a schedule that stands
   * inside them.
   * @throws {ConfigError} for those that are wrong.
   */
  readonly create: (
    options: ScheduleConfig,
    where: string,
    child: (config: unknown, place: string) => Schedule,
  ) => Schedule;
}

const types = new Registry<ScheduleType>('schedule', ({ type }) => type, [
  { type: 'constant', create: () => constant() },
  { type: 'step', create: (options) => stepDecay(options as unknown as StepDecayOptions) },
  { type: 'exponential', create: (options) => exponential(options as unknown as ExponentialOptions) },
  { type: 'cosine', create: (options) => cosine(options as object) },
  { type: 'linear', create: (options) => linear(options as object) },
  { type: 'one-cycle', create: (options) => oneCycle(options as object) },
  {
    type: 'warm-up',
    create: ({ next, ...options }, where, child) =>
      warmUp({
        ...(options as unknown as { steps: number }),
        ...(next !== undefined && { next: child(next, inside(where, 'next')) }),
      }),
  },
  {
    type: 'product',
    create: ({ factors }, where, child) =>
      product(
        ...list(factors, inside(where, 'factors')).map((factor, index) =>
          child(factor, `${inside(where, 'factors')}[${index}]`),
        ),
      ),
  },
  {
    type: 'sequence',
    create: ({ parts }, where, child) =>
      sequence(
        ...list(parts, inside(where, 'parts')).map((part, index) => {
          const place = `${inside(where, 'parts')}[${index}]`;
          if (!isRecord(part)) throw new ConfigError(place, `is ${show(part)}; it must be { schedule, steps? }`);
          return {
            schedule: child(part['schedule'], inside(place, 'schedule')),
            ...(part['steps'] !== undefined && { steps: part['steps'] as number }),
          };
        }),
      ),
  },
]);

const aScheduleType = ruleOf<ScheduleType>(
  'a type of schedule: { type, create }',
  (value) => isRecord(value) && aText.holds(value['type']) && aFunction.holds(value['create']),
);

/**
 * Makes a type of schedule known to `buildSchedule`.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerSchedule(type: ScheduleType): void {
  types.register('registerSchedule', check('registerSchedule', 'type', type, aScheduleType));
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ConfigError(where, `is ${show(value)}; it must be a list`);
  return value;
}

function read(config: unknown, where: string): Schedule {
  const given = typeof config === 'string' ? { type: config } : config;
  const type = isRecord(given) ? types.get(given['type']) : undefined;
  if (!type) throw new ConfigError(where, `is ${show(config)}; it needs a type out of ${types.list}`);
  return check(where, `what ${type.type} makes`, type.create(given as ScheduleConfig, where, read), aSchedule);
}

/** The names of all schedules, those that were registered last. */
export const scheduleTypes: readonly string[] = types.names;

/**
 * The schedule a name or JSON description stands for.
 * @throws {ConfigError} for a type that is not known, and for options that are wrong.
 */
export function buildSchedule(config: string | ScheduleConfig): Schedule {
  return read(config, 'schedule');
}

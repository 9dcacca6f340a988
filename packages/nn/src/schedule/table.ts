/** Schedules by name. */
import { ConfigError } from '../errors.ts';
import { inside, show } from '../config/fields.ts';
import { isRecord, own } from '../json.ts';
import { product, sequence, warmUp } from './compose.ts';
import type { Schedule, ScheduleConfig } from './schedule.ts';
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

type Make = (options: Readonly<Record<string, unknown>>, where: string) => Schedule;

const types: Readonly<Record<string, Make>> = {
  constant: () => constant(),
  step: (options) => stepDecay(options as unknown as StepDecayOptions),
  exponential: (options) => exponential(options as unknown as ExponentialOptions),
  cosine: (options) => cosine(options),
  linear: (options) => linear(options),
  'one-cycle': (options) => oneCycle(options),
  'warm-up': ({ next, ...options }, where) =>
    warmUp({
      ...(options as unknown as { steps: number }),
      ...(next !== undefined && { next: read(next, inside(where, 'next')) }),
    }),
  product: ({ factors }, where) =>
    product(
      ...list(factors, inside(where, 'factors')).map((factor, index) =>
        read(factor, `${inside(where, 'factors')}[${index}]`),
      ),
    ),
  sequence: ({ parts }, where) =>
    sequence(
      ...list(parts, inside(where, 'parts')).map((part, index) => {
        const place = `${inside(where, 'parts')}[${index}]`;
        if (!isRecord(part)) throw new ConfigError(place, `is ${show(part)}; it must be { schedule, steps? }`);
        return {
          schedule: read(part['schedule'], inside(place, 'schedule')),
          ...(part['steps'] !== undefined && { steps: part['steps'] as number }),
        };
      }),
    ),
};

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ConfigError(where, `is ${show(value)}; it must be a list`);
  return value;
}

function read(config: unknown, where: string): Schedule {
  const given = typeof config === 'string' ? { type: config } : config;
  const create = isRecord(given) ? own(types, given['type']) : undefined;
  if (!create) throw new ConfigError(where, `is ${show(config)}; it needs a type out of ${scheduleTypes.join(', ')}`);
  return create(given as Readonly<Record<string, unknown>>, where);
}

/** The names of all schedules. */
export const scheduleTypes: readonly string[] = Object.keys(types);

/** The schedule a name or JSON description stands for. Throws ConfigError. */
export function buildSchedule(config: string | ScheduleConfig): Schedule {
  return read(config, 'schedule');
}

/** When a study ends: one table from options of the command line to stop conditions. */
import { suggestion } from '@espalier/pipeline';
import type { Command } from 'commander';
import {
  maxCost,
  maxFailures,
  maxTime,
  maxTrials,
  patience,
  target,
  type JsonObject,
  type StopCondition,
  type Study,
} from '@espalier/search';
import { positiveNumber, wholeNumberFrom } from '../cli/options.ts';
import { UsageError } from '../errors.ts';

/** When a study ends, as the command line says it and the study stores it. */
export interface StopOptions {
  readonly trials?: number;
  /** Seconds. */
  readonly time?: number;
  /** Seconds of all workers together. */
  readonly cost?: number;
  readonly target?: string;
  readonly patience?: number;
  readonly failures?: number;
}

const conditions: { readonly [Name in keyof Required<StopOptions>]: (value: never) => StopCondition } = {
  trials: maxTrials,
  time: maxTime,
  cost: (seconds: number) => maxCost(seconds),
  target,
  patience,
  failures: maxFailures,
};

/** Adds the options that end a study. */
export function withStopOptions(command: Command): Command {
  return command
    .option('--trials <n>', 'end after so many trials', wholeNumberFrom(1))
    .option('--time <seconds>', 'end after so long', positiveNumber)
    .option('--cost <seconds>', 'end when workers have spent so much time on trials', positiveNumber)
    .option('--target <bound>', "end when a trial reaches it, such as 'accuracy >= 0.99'")
    .option('--patience <n>', 'end after so many trials without a better one', wholeNumberFrom(1))
    .option('--failures <n>', 'end after so many failures in a row', wholeNumberFrom(1));
}

/** The part of some options that ends a study, as JSON. */
export function stopsOf(options: StopOptions): JsonObject {
  const given = Object.keys(conditions).flatMap((name) => {
    const value = options[name as keyof StopOptions];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}

/**
 * Makes sure that a target can be reached: that its metric is one which trials tell.
 * @param known the metrics of the study's objectives and constraints, and those that its trials have told
 * @throws {UsageError} with the metric that was meant.
 */
export function checkTarget({ target: text }: StopOptions, known: Iterable<string>): void {
  const metric = /^\s*(\S+)/u.exec(text ?? '')?.[1];
  const metrics = [...new Set(known)];
  if (metric === undefined || metrics.includes(metric)) return;
  throw new UsageError(`--target: no trial tells '${metric}': ${suggestion(metric, metrics)}`);
}

/** The conditions that options stand for. */
export function stopConditions(options: StopOptions): readonly StopCondition[] {
  return Object.entries(stopsOf(options)).map(([name, value]) => conditions[name as keyof StopOptions](value as never));
}

/**
 * When a study ends, as it stores that.
 * @throws {UsageError} when what is stored says no such thing: somebody else wrote it.
 */
export function storedStops({ name, attributes }: Pick<Study, 'name' | 'attributes'>): StopOptions {
  const stored = Object(attributes['stop']) as StopOptions;
  try {
    stopConditions(stored);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `study '${name}': when it ends is stored wrongly (${reason}): make another study, by study create`,
    );
  }
  return stored;
}

/**
 * The stop conditions of a study that somebody else runs: all but its time, which began with that run.
 * @throws {UsageError} when it stores none that can be read.
 */
export function lastingStops(study: Pick<Study, 'name' | 'attributes'>): readonly StopCondition[] {
  const { time: _, ...stops } = storedStops(study);
  return stopConditions(stops);
}

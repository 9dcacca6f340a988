/**
 * What an early stopping is, and how one is made: a pure function of history and trial, as strategies are, so that a
 * replayed study stops the same trials.
 */
import { pluginOptions, type JsonOptions, type Plugin, type PluginDefinition } from '../plugin.ts';
import type { Space } from '../space/space.ts';
import type { History } from '../study/history.ts';
import type { TrialRecord } from '../study/trial-record.ts';

/** What an early stopping judges by. */
export interface EarlyStoppingInput {
  readonly space: Space;
  readonly history: History;
  /** The running trial that asks, its last report included. */
  readonly trial: TrialRecord;
}

/** Whether a trial should end now. */
export interface StopAdvice {
  readonly stop: boolean;
  /** For a reader: what the trial was measured by. */
  readonly reason: string;
}

/** Ends trials that are not going to be good. Like a strategy it is a pure function, stored with the study. */
export interface EarlyStopping extends Plugin {
  advise(input: EarlyStoppingInput): StopAdvice;
}

/** Makes an early stopping from some of its options; `earlyStopping` is the name under which studies store it. */
export interface EarlyStoppingFactory<Options> {
  (options?: Partial<Options>): EarlyStopping;
  readonly earlyStopping: string;
}

/** What {@link defineEarlyStopping} needs to know. */
export interface EarlyStoppingDefinition<Options> extends PluginDefinition<Options> {
  /** Judges a trial after a report. Must be pure: no clock, no Math.random, no state between calls. */
  advise(input: EarlyStoppingInput, options: Options): StopAdvice;
}

/**
 * Makes an early stopping out of a pure function:
 *
 * ```ts
 * const impatient = defineEarlyStopping({
 *   name: 'impatient',
 *   defaults: { step: 10, loss: 1 },
 *   advise: ({ trial }, { step, loss }) => {
 *     const last = trial.reports.at(-1);
 *     const found = last?.metrics['loss'] ?? 0;
 *     return { stop: (last?.step ?? 0) >= step && found > loss, reason: `loss ${found}` };
 *   },
 * });
 * ```
 */
export function defineEarlyStopping<Options extends JsonOptions<Options>>(
  definition: EarlyStoppingDefinition<Options>,
): EarlyStoppingFactory<Options> {
  const make = (given: Partial<Options> = {}): EarlyStopping => {
    const options = pluginOptions(definition, given);
    const { name } = definition;
    return { name, options: { ...options }, advise: (input) => definition.advise(input, options) };
  };
  return Object.assign(make, { earlyStopping: definition.name });
}

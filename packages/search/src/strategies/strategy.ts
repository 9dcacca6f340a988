/**
 * What a strategy is, and how one is made: a pure function of history, space and random stream, which is what makes a
 * study resumable, shareable and replayable.
 */
import { pluginOptions, type JsonOptions, type Plugin, type PluginDefinition } from '../plugin.ts';
import type { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import type { Space } from '../space/space.ts';
import type { History } from '../study/history.ts';
import type { DuplicatePolicy } from '../storage/events.ts';
import type { Budget, Origin } from '../study/trial-record.ts';

/** What a strategy decides from, and all that it may decide from. */
export interface StrategyInput {
  readonly space: Space;
  readonly history: History;
  /** The random stream of the trial to come. */
  readonly random: RandomStream;
  /** The number of the trial to come. */
  readonly number: number;
  /** What happens to a config that was tried before: under `avoid`, look for another one. */
  readonly duplicates: DuplicatePolicy;
}

/** A config to try, and how the strategy came to it. */
export interface Suggestion {
  readonly type: 'try';
  readonly config: ConfigObject;
  readonly origin: Origin;
  /** How long it trains; absent: as long as the objective likes, and then it is complete. */
  readonly budget?: Budget;
  /** The number of the trial whose checkpoint it goes on from, as a clone does. */
  readonly inherits?: number;
}

/** A paused trial to go on. */
export interface Resumption {
  readonly type: 'resume';
  /** The number of a trial whose state is `paused`. */
  readonly trial: number;
  readonly budget: Budget;
}

/** Nothing can be decided until a running trial has told more. */
export interface Wait {
  readonly type: 'wait';
  readonly reason: string;
}

/** There is nothing left to try. */
export interface Exhausted {
  readonly type: 'exhausted';
  readonly reason: string;
}

/** What a strategy may answer. */
export type Decision = Suggestion | Resumption | Wait | Exhausted;

/**
 * A way to search. `decide` is a pure function: the same input gives the same decision, in any process, at any time,
 * which is what makes a study resumable and replayable.
 */
export interface Strategy extends Plugin {
  decide(input: StrategyInput): Decision;
}

/** Makes a strategy from some of its options; `strategy` is the name under which studies store it. */
export interface StrategyFactory<Options> {
  (options?: Partial<Options>): Strategy;
  readonly strategy: string;
}

/** What {@link defineStrategy} needs to know. */
export interface StrategyDefinition<Options> extends PluginDefinition<Options> {
  /** Decides what to do next. Must be pure: no clock, no Math.random, no state between calls. */
  decide(input: StrategyInput, options: Options): Decision;
}

/**
 * Makes a strategy out of a pure function:
 *
 * ```ts
 * const centre = defineStrategy({
 *   name: 'around-best',
 *   defaults: { probability: 0.3 },
 *   decide: ({ space, history, random }, { probability }) => {
 *     const best = history.ranked[0];
 *     const config = best ? mutate(space, best.config, random, { probability }) : space.sample(random);
 *     return { type: 'try', config, origin: { operator: best ? 'mutate' : 'sample' } };
 *   },
 * });
 * ```
 */
export function defineStrategy<Options extends JsonOptions<Options>>(
  definition: StrategyDefinition<Options>,
): StrategyFactory<Options> {
  const make = (given: Partial<Options> = {}): Strategy => {
    const options = pluginOptions(definition, given);
    const { name } = definition;
    return { name, options: { ...options }, decide: (input) => definition.decide(input, options) };
  };
  return Object.assign(make, { strategy: definition.name });
}

import type { JsonObject, JsonValue } from '../json.ts';
import type { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import type { Space } from '../space/space.ts';
import type { History } from '../study/history.ts';
import type { Origin } from '../study/trial-record.ts';

/** What a strategy decides from, and all that it may decide from. */
export interface StrategyInput {
  readonly space: Space;
  readonly history: History;
  /** The random stream of the trial to come. */
  readonly random: RandomStream;
  /** The number of the trial to come. */
  readonly number: number;
}

/** A config to try, and how the strategy came to it. */
export interface Suggestion {
  readonly type: 'try';
  readonly config: ConfigObject;
  readonly origin: Origin;
}

/** There is nothing left to try. */
export interface Exhausted {
  readonly type: 'exhausted';
  readonly reason: string;
}

/** What a strategy may answer. */
export type Decision = Suggestion | Exhausted;

/**
 * A way to search. `decide` is a pure function: the same input gives the same decision, in any process, at any time,
 * which is what makes a study resumable and replayable.
 */
export interface Strategy {
  readonly name: string;
  /** Every option with its value, as stored with the study. */
  readonly options: JsonObject;
  decide(input: StrategyInput): Decision;
}

/** Makes a strategy from some of its options; `strategy` is the name under which studies store it. */
export interface StrategyFactory<Options> {
  (options?: Partial<Options>): Strategy;
  readonly strategy: string;
}

/** Options that JSON can hold. */
export type JsonOptions<Options> = { readonly [Name in keyof Options]: JsonValue };

/** What {@link defineStrategy} needs to know. */
export interface StrategyDefinition<Options> {
  /** Unique among the strategies of a study. */
  readonly name: string;
  readonly defaults: Options;
  /** Complains, by its return value, of options that cannot work. */
  check?(options: Options): string | undefined;
  /** Decides the next config. Must be pure: no clock, no Math.random, no state between calls. */
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
  const { name, defaults } = definition;
  const make = (given: Partial<Options> = {}): Strategy => {
    const unknown = Object.keys(given).find((option) => !Object.hasOwn(defaults, option));
    if (unknown !== undefined) {
      const known = Object.keys(defaults).join(', ') || 'none';
      throw new TypeError(`${name}: there is no option '${unknown}': its options are ${known}`);
    }
    const options: Options = { ...defaults, ...given };
    const problem = definition.check?.(options);
    if (problem !== undefined) throw new RangeError(`${name}: ${problem}`);
    return { name, options: { ...options }, decide: (input) => definition.decide(input, options) };
  };
  return Object.assign(make, { strategy: name });
}

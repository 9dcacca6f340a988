/** What a stop condition is: asked between trials, it may be any object of this shape. */
import { quote } from '../checked/quote.ts';
import { ValueError } from '../errors.ts';
import type { Space } from '../space/space.ts';
import type { History } from '../study/history.ts';

/** What a stop condition judges by. */
export interface StopState {
  readonly history: History;
  readonly space: Space;
  /** Seconds since this run began. */
  readonly elapsed: number;
}

/** What a stop condition says. */
export interface StopVerdict {
  /** Whether no further trial should start. */
  readonly fired: boolean;
  /** How near that is, in [0, 1]; a condition that cannot tell says 0. */
  readonly progress: number;
  /** How things stand, for a reader. */
  readonly message: string;
}

/** Decides when a run starts no more trials; those in hand are finished. Anything of this shape can be one. */
export interface StopCondition {
  /** As it is written, such as `maxTrials(60)`; the run's result names the one that fired. */
  readonly name: string;
  check(state: StopState): StopVerdict;
}

/**
 * A number that must be positive, for the conditions that take one.
 * @throws {ValueError} when it is not.
 */
export function checkPositive(name: string, value: number, whole: boolean): number {
  if ((whole ? Number.isSafeInteger(value) : Number.isFinite(value)) && value > 0) return value;
  throw new ValueError(`${name}: got ${quote(value)}: give a positive ${whole ? 'whole ' : ''}number`);
}

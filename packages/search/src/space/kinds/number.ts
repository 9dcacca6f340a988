/** The kinds of nodes that are numbers, int and float, with the functions that users write them by. */
import { quote } from '../../checked/quote.ts';
import { SpaceError } from '../../errors.ts';
import type { NodeKind } from '../node.ts';
import { gridSize, gridValue, isOnScale } from '../number-scale.ts';
import type { NumberParameter, ParameterValue } from '../parameter.ts';
import { leaf } from './leaf.ts';

/** How a number is spread over its range. */
export interface NumberOptions {
  /** The distance of neighbouring values, counted from the low end. An int's default is 1; a float's, none. */
  readonly step?: number;
  /** Makes equal ratios equally likely, as suits learning rates. Default false. */
  readonly log?: boolean;
}

/** @throws {SpaceError} when there is no such parameter; `at` is what the error points to. */
function numberParameter(
  kind: 'int' | 'float',
  low: number,
  high: number,
  { step = kind === 'int' ? 1 : undefined, log = false }: NumberOptions,
  at: string = kind,
): NumberParameter {
  const refuse = (problem: string): never => {
    throw new SpaceError(at, problem);
  };
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    refuse(`the range is ${low} to ${high}: give two finite numbers`);
  }
  if (low > high) refuse(`the range is ${low} to ${high}: give the smaller number first`);
  if (step !== undefined && !(step > 0 && Number.isFinite(step)))
    refuse(`the step is ${quote(step)}: give a positive number`);
  if (kind === 'int' && ![low, high, step].every(Number.isSafeInteger)) {
    refuse(`the range is ${low} to ${high} by ${step}: give whole numbers, or use float`);
  }
  if (!(kind === 'int' ? Number.isSafeInteger(high - low) : Number.isFinite(high - low))) {
    refuse(`the range is ${low} to ${high}, which is wider than any number: give a narrower one`);
  }
  if (log && low - (step ?? 0) / 2 <= 0) {
    refuse(
      step === undefined
        ? `the range starts at ${low} and has no logarithm: start above 0`
        : `the range starts at ${low} and has no logarithm with step ${step}: start above ${step / 2}`,
    );
  }
  return Object.freeze({ kind, low: low + 0, high: high + 0, ...(step === undefined ? {} : { step }), log });
}

/**
 * A whole number from `low` to `high`, both included.
 * @throws {SpaceError} when the range is empty, a bound is not whole, or a logarithmic range does not start above half
 * a step.
 */
export function int(low: number, high: number, options: NumberOptions = {}): NumberParameter {
  return numberParameter('int', low, high, options);
}

/**
 * A real number from `low` to `high`; with a step, one of low, low + step, low + 2 step, … up to `high`.
 * @throws {SpaceError} when the range is empty or not finite, or a logarithmic range does not start above zero.
 */
export function float(low: number, high: number, options: NumberOptions = {}): NumberParameter {
  return numberParameter('float', low, high, options);
}

function describe({ kind, low, high, step, log }: NumberParameter): string {
  const shownStep = step === undefined || (kind === 'int' && step === 1) ? '' : `, step ${step}`;
  return `${kind}(${low}, ${high}${shownStep}${log ? ', log' : ''})`;
}

/** The table of ints and floats. */
export const numberKind: NodeKind<NumberParameter> = leaf<NumberParameter>({
  describe,
  size: gridSize,
  at: gridValue,
  contains: (node, value): value is ParameterValue => typeof value === 'number' && isOnScale(node, value),
  allowed: ({ kind, low, high, step, log }) => {
    const noun = kind === 'int' ? 'a whole number' : 'a number';
    const grid = step === undefined || (kind === 'int' && step === 1) ? '' : ` in steps of ${step}`;
    return `${noun} from ${low} to ${high}${grid}${log ? ' (log)' : ''}`;
  },
  widens: (before, after) =>
    before.kind === after.kind &&
    before.step === after.step &&
    before.log === after.log &&
    after.low <= before.low &&
    after.high >= before.high &&
    isOnScale(after, before.low),
  parse: ({ kind, low, high, step, log }, path) => {
    const bad = Object.entries({ low, high, step: step ?? 0 }).find(([, value]) => typeof value !== 'number');
    if (bad !== undefined || (log !== undefined && typeof log !== 'boolean')) {
      throw new SpaceError(
        path,
        `${bad?.[0] ?? 'log'} is ${quote(bad?.[1] ?? log)}: it must be ${bad ? 'a number' : 'true or false'}`,
      );
    }
    const options = { ...(step === undefined ? {} : { step: Number(step) }), log: log === true };
    return numberParameter(kind === 'int' ? 'int' : 'float', Number(low), Number(high), options, path);
  },
});

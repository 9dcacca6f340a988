/** Plans that are made to be told of, and not to be run. */
import { aFunction, check } from '../arguments/rules.ts';
import { ArgumentError } from '../errors.ts';
import { modes } from '../graph/modes.ts';
import type { PlanReport } from './plan-figures.ts';
import { record } from './record.ts';
import type { RecordedStep } from './recorded-step.ts';
import { signatureOf } from './signature.ts';

/**
 * What `use` makes of the recording that `compile(fn)` would have for such arguments, which is not kept.
 * @throws {ArgumentError} inside a compiled function or a dry run.
 */
export function recordedOnce<Args extends readonly unknown[], Result>(
  operation: string,
  fn: (...args: Args) => unknown,
  args: Args,
  use: (step: RecordedStep<unknown>) => Result,
): Result {
  check(operation, 'the function', fn, aFunction);
  if (modes.trace)
    throw new ArgumentError(operation, `cannot be asked inside ${modes.trace.place}; call it outside, on the function`);
  const { tensors, lengths } = signatureOf(args);
  try {
    const step = record(fn, args, tensors);
    try {
      return use(step);
    } finally {
      step.dispose();
    }
  } finally {
    for (const length of lengths) length.dispose();
  }
}

/**
 * The plan that `compile(fn)` has for such arguments, in figures. Nothing is computed but the captured tensors that have no
 * value yet; what the function assigns keeps its value. Of steps that run, `compile(fn).plans` tells the same.
 *
 * @throws {ArgumentError} inside a compiled function or a dry run, and where there is nothing to record.
 *
 * @example
 * const { bytes } = planReport((x: Tensor) => model(x), x);
 */
export function planReport<Args extends readonly unknown[]>(fn: (...args: Args) => unknown, ...args: Args): PlanReport {
  return recordedOnce('planReport', fn, args, ({ parts }) => parts.report);
}

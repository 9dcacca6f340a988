/**
 * compile(fn): a step recorded once per signature, replayed afterwards without building a graph or, on synchronous
 * devices, allocating.
 */
import { aFunction, check } from '../arguments/rules.ts';
import { modes } from '../graph/modes.ts';
import { indexChecks } from '../runtime/index-checks.ts';
import { record } from './record.ts';
import type { RecordedStep } from './recorded-step.ts';
import { signatureOf } from './signature.ts';

/** A compiled function. */
export interface Compiled<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /** Signatures recorded so far. */
  readonly recordings: number;
  /** Forgets all recordings and frees their memory. */
  dispose(): void;
}

/**
 * A function of tensors (in arguments, or in arrays and objects of them) that is recorded at its first call for each
 * combination of shapes, dtypes and other argument values (functions and objects of classes by identity), and replayed
 * at every further one.
 *
 * - Tensors it captures are read at each call; those it `assign`s, captured ones and arguments, are updated in place at
 *   each call.
 * - Random draws are drawn anew at each call.
 * - Values must not be read inside (LifetimeError): there are none while recording. Everything else the function does
 *   besides tensor work happens only while recording.
 *
 * @example
 * const step = compile((x: Tensor, y: Tensor) => {
 *   const loss = crossEntropy(model(x), y);
 *   optimizer.step(gradients(loss, parameters));
 *   return loss;
 * });
 */
export function compile<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
): Compiled<Args, Result> {
  check('compile', 'the function', fn, aFunction);
  const recordings = new Map<string, RecordedStep<Result>>();
  const call = (...args: Args): Result => {
    // Inside another recording the step is simply part of it; where indices are read, there is none.
    if (modes.trace || indexChecks.everywhere) return fn(...args);
    const { tensors, form } = signatureOf(args);
    const known = recordings.get(form);
    if (known) return known.replay(tensors);
    const step = record(fn, args, tensors);
    recordings.set(form, step);
    return step.replay(tensors);
  };
  const dispose = (): void => {
    for (const step of recordings.values()) step.dispose();
    recordings.clear();
  };
  return Object.defineProperty(Object.assign(call, { dispose }), 'recordings', {
    get: () => recordings.size,
  }) as Compiled<Args, Result>;
}

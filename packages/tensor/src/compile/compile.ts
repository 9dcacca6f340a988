/**
 * compile(fn): a step recorded once per signature, replayed afterwards without building a graph or, on synchronous
 * devices, making anything but what it returns: tensors, the new memory of what is assigned and never read, values for
 * random draws, views for kernels of users.
 */
import { aFunction, check } from '../arguments/rules.ts';
import { RecentlyUsed } from '../cache/recently-used.ts';
import { modes } from '../graph/modes.ts';
import { indexChecks } from '../runtime/index-checks.ts';
import type { PlanReport } from './plan-figures.ts';
import { record } from './record.ts';
import type { RecordedStep } from './recorded-step.ts';
import { formOf, sameForm, tensorsOf, type Form } from './form.ts';
import { signatureOf } from './signature.ts';

/** A recording keeps the memory of its temporaries. */
const mostRecordings = 256;

/** The step that was called last, and what tells that another call is for it. */
interface LastCall<Result> {
  readonly form: Form;
  readonly step: RecordedStep<Result>;
}

/** A compiled function. */
export interface Compiled<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /** Signatures whose recordings are kept: at most 256. */
  readonly recordings: number;
  /** The plans of those in figures, the one used last at the end. */
  readonly plans: readonly PlanReport[];
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
 * - The recordings of the 256 most recently used signatures are kept; what goes frees its memory, and is recorded again when
 *   it is called for.
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
  const recordings = new RecentlyUsed<RecordedStep<Result>>(mostRecordings, (step) => step.dispose());
  let last: LastCall<Result> | undefined;
  const callFirst = (args: Args): Result => {
    const { tensors, lengths, form } = signatureOf(args);
    try {
      const step = recordings.find(form, () => record(fn, args, tensors));
      const plain = formOf(args);
      last = plain && { form: plain, step };
      return step.replay(tensors);
    } finally {
      for (const length of lengths) length.dispose();
    }
  };
  const callAgain = (known: LastCall<Result>, args: Args): Result => {
    // Whoever is called while the step runs, a kernel of a user's, may call it in turn.
    last = undefined;
    try {
      return known.step.replay(tensorsOf(known.form, args));
    } finally {
      last = known;
    }
  };
  const call = (...args: Args): Result => {
    // Inside another recording the step is simply part of it; where indices are read, there is none.
    if (modes.trace || indexChecks.everywhere) return fn(...args);
    return last && sameForm(last.form, args) ? callAgain(last, args) : callFirst(args);
  };
  const dispose = (): void => {
    last = undefined;
    recordings.clear();
  };
  return Object.defineProperties(Object.assign(call, { dispose }), {
    recordings: { get: () => recordings.size },
    plans: { get: () => Array.from(recordings.values(), ({ parts }) => parts.report) },
  }) as unknown as Compiled<Args, Result>;
}

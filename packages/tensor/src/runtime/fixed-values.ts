/** Tensors that keep the value they were made with, since kernels rely on what was seen in it. */
import { ArgumentError } from '../errors.ts';

const fixed = new WeakMap<object, string>();

/** Lets nobody assign to a tensor from now on; `what` it is stands in the error. */
export function fixValue(tensor: object, what: string): void {
  fixed.set(tensor, what);
}

/**
 * Whether a tensor may be given another value.
 * @throws {ArgumentError} if it may not.
 */
export function checkAssignable(tensor: object): void {
  const what = fixed.get(tensor);
  if (what !== undefined)
    throw new ArgumentError(
      'assign',
      `the tensor is ${what}: kernels rely on what was seen in it; put another matrix together with matrixFromArrays`,
    );
}

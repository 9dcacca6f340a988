/** The arrays of a matrix that is put together: those that say where its values are, or which, do not change any more. */
import { aTensor } from '../arguments/types.ts';
import type { DType } from '../dtype/dtype.ts';
import { fixValue } from '../runtime/fixed-values.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { StoredFormat } from './format.ts';

/** Dtypes of arrays of which any values are right. */
export const valueDTypes: ReadonlySet<DType> = new Set(['f64', 'f32', 'f16', 'bf16', 'i8']);

/**
 * The arrays as a matrix holds them. A kernel reads, and writes, where they say: nobody checks that again. What stands for
 * them while a structure is walked is held as it is.
 */
export function ownedArrays(
  format: StoredFormat,
  arrays: Readonly<Record<string, Tensor>>,
): Readonly<Record<string, Tensor>> {
  for (const [name, array] of Object.entries(arrays))
    if (aTensor.holds(array) && !valueDTypes.has(array.dtype))
      fixValue(array, `the array '${name}' of a matrix in ${format.name}`);
  return Object.freeze({ ...arrays });
}

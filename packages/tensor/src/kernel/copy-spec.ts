/** The kernel that copies a buffer, element for element. */
import { dtypes, type DType } from '../dtype/dtype.ts';
import type { LoopSpec } from './spec.ts';

/** Copies `size` elements from binding 0 to binding 1. */
export function copySpec(dtype: DType, size: number): LoopSpec {
  const { compute } = dtypes[dtype];
  const whole = (
    binding: number,
  ): { readonly binding: number; readonly offset: 0; readonly strides: readonly number[] } => ({
    binding,
    offset: 0,
    strides: [1],
  });
  return {
    kind: 'loop',
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'write' },
    ],
    outer: [size],
    inner: [],
    body: [
      { kind: 'load', access: whole(0), dtype: compute },
      { kind: 'store', access: whole(1), arg: 0, each: 'row' },
    ],
  };
}

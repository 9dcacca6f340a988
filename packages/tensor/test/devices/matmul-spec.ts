/** Matrix products from sizes alone. */
import type { DType } from '../../src/dtype/dtype.ts';
import type { MatmulSpec } from '../../src/kernel/spec.ts';

/** A product, as a test says it. */
export interface ProductCase {
  readonly dtype?: DType;
  readonly batch?: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** A plain product of contiguous matrices, each stored as it is or transposed. */
export function matmulSpec({
  dtype = 'f32',
  batch = [],
  m,
  n,
  k,
  transposeA = false,
  transposeB = false,
}: ProductCase): MatmulSpec {
  const batchStrides = (size: number): number[] =>
    batch.map((_, dimension) => batch.slice(dimension + 1).reduce((product, length) => product * length, 1) * size);
  return {
    kind: 'matmul',
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'read' },
      { dtype, access: 'write' },
    ],
    batch,
    m,
    n,
    k,
    a: { binding: 0, offset: 0, strides: [...batchStrides(m * k), ...(transposeA ? [1, m] : [k, 1])] },
    b: { binding: 1, offset: 0, strides: [...batchStrides(k * n), ...(transposeB ? [1, k] : [n, 1])] },
    out: { binding: 2, offset: 0, strides: [...batchStrides(m * n), n, 1] },
  };
}

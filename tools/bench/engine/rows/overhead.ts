/** What a compiled step costs beside its kernels: steps of one element, as many kernels as a row says. */
import { filled } from '../random.ts';
import type { Problem } from '../problem.ts';
import type { Row } from '../row.ts';

/** Products with the unit matrix, one behind the other: no two of them are one kernel. */
function chain(kernels: number): Problem {
  return {
    op: 'overhead',
    operands: [
      filled([1, 4], 1),
      { shape: [4, 4], values: Float32Array.from({ length: 16 }, (_, index) => Number(index % 5 === 0)) },
    ],
    settings: { kernels },
    expected: () => new Map([[0, 1]]),
  };
}

/** Steps of 1 and of 64 kernels: 5 µs, and 0.3 µs a kernel. */
export const overheadRows: readonly Row[] = [1, 64].map((kernels) => ({
  name: `overhead-${kernels}`,
  sizes: `a compiled step of ${kernels} kernel${kernels === 1 ? '' : 's'} on 4 elements`,
  problem: () => chain(kernels),
  targets: { limit: 1 },
  allowed: 0.005 + 0.0003 * kernels,
}));

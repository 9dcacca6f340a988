/** Kernels that have nothing to do. */
import { sizeOf } from '../shape/shape.ts';
import type { KernelSpec } from './spec.ts';

/** Whether a kernel writes no element, so that it need not run. */
export function isIdle(spec: KernelSpec): boolean {
  switch (spec.kind) {
    case 'loop':
      return spec.outer.includes(0);
    case 'matmul':
      return sizeOf([...spec.batch, spec.m, spec.n]) === 0;
    case 'encoded-matmul':
      return spec.m * (spec.walks === 'columns' ? spec.rows : spec.columns) === 0;
    default:
      return false;
  }
}

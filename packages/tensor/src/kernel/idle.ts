/** Kernels that have nothing to do. */
import { sizeOf } from '../shape/shape.ts';
import { contractionOf, isContraction } from './contraction/contraction.ts';
import type { KernelSpec } from './spec.ts';

/** Whether a kernel writes no element, so that it need not run. */
export function isIdle(spec: KernelSpec): boolean {
  if (spec.kind === 'loop') return spec.outer.includes(0);
  if (!isContraction(spec)) return false;
  const { batch, m, n } = contractionOf(spec);
  return sizeOf([...batch, m, n]) === 0;
}

/** Parts of loops: the same steps over some of the indices of a dimension. */
import type { Access, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';

/** A step with its strides, and their offset, changed. */
export function withStrides(
  step: LoopInstruction,
  change: (strides: readonly number[], offset: number) => Pick<Access, 'strides' | 'offset'>,
): LoopInstruction {
  if (step.kind === 'index') return { ...step, ...change(step.strides, step.offset) };
  if (step.kind !== 'load' && step.kind !== 'gather' && step.kind !== 'store') return step;
  return { ...step, access: { ...step.access, ...change(step.access.strides, step.access.offset) } };
}

/** The part of a loop with the indices from `from` on, so many of them, of an outer dimension. */
export function partOf(spec: LoopSpec, dim: number, from: number, count: number): LoopSpec {
  const body = spec.body.map((step) =>
    withStrides(step, (strides, offset) => ({ strides, offset: offset + from * (strides[dim] ?? 0) })),
  );
  return { ...spec, outer: spec.outer.with(dim, count), body };
}

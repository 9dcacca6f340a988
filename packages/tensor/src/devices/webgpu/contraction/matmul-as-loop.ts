/**
 * A matrix product as a loop with a reduction: what runs products that are too thin for tiles, and integer ones.
 */
import { dtypes, type ComputeDType } from '../../../dtype/dtype.ts';
import type { Access, LoopInstruction, LoopSpec, MatmulSpec } from '../../../kernel/spec.ts';
import { at } from '../numbers.ts';

/** The steps that take the finished product: the epilogue, or a plain store. */
export function epilogueOf(spec: MatmulSpec): readonly LoopInstruction[] {
  if (spec.epilogue !== undefined) return spec.epilogue;
  const access: Access = spec.out ?? { binding: 0, offset: 0, strides: [] };
  return [
    { kind: 'accumulator', dtype: productDType(spec) },
    { kind: 'store', access, arg: 0, each: 'point' },
  ];
}

/** The compute dtype of the product: that of the left operand. */
export function productDType(spec: MatmulSpec): ComputeDType {
  const dtype = spec.bindings[spec.a.binding]?.dtype ?? 'f32';
  return dtypes[dtype].compute;
}

/** Whether both operands are floats, which is what tiles compute on. */
export function isFloatProduct(spec: MatmulSpec): boolean {
  return [spec.a, spec.b].every(({ binding }) => dtypes[spec.bindings[binding]?.dtype ?? 'f32'].compute === 'f32');
}

/** The same product over outer [...batch, m, n] and inner [k]. */
export function matmulAsLoop(spec: MatmulSpec): LoopSpec {
  const rank = spec.batch.length;
  const dtype = productDType(spec);
  const a: Access = { ...spec.a, strides: [...spec.a.strides.slice(0, rank + 1), 0, at(spec.a.strides, rank + 1)] };
  const b: Access = {
    ...spec.b,
    strides: [...spec.b.strides.slice(0, rank), 0, at(spec.b.strides, rank + 1), at(spec.b.strides, rank)],
  };
  const product: LoopInstruction[] = [
    { kind: 'load', access: a, dtype },
    { kind: 'load', access: b, dtype: dtypes[spec.bindings[spec.b.binding]?.dtype ?? 'f32'].compute },
    { kind: 'scalar', op: 'cast', args: [1], dtype },
    { kind: 'scalar', op: dtype === 'bool' ? 'and' : 'mul', args: [0, 2], dtype },
    { kind: 'reduce', op: 'sum', arg: 3, dtype },
  ];
  return {
    kind: 'loop',
    bindings: spec.bindings,
    outer: [...spec.batch, spec.m, spec.n],
    inner: [spec.k],
    ...(spec.limits && { limits: spec.limits }),
    body: [...product, ...epilogueOf(spec).map((step) => afterProduct(step, product.length))],
  };
}

/** An epilogue step behind the `before` steps of a product, the last of which is its value. */
export function afterProduct(step: LoopInstruction, before: number): LoopInstruction {
  const moved = (position: number): number => position + before;
  const inRow = <T extends { readonly access: Access }>(item: T): T => ({
    ...item,
    access: { ...item.access, strides: [...item.access.strides, 0] },
  });
  switch (step.kind) {
    case 'accumulator':
      return { kind: 'scalar', op: 'cast', args: [before - 1], dtype: step.dtype };
    case 'load':
      return inRow(step);
    case 'gather':
      return { ...inRow(step), index: moved(step.index) };
    case 'store':
      return { ...inRow(step), arg: moved(step.arg), each: 'row' };
    case 'scalar':
      return { ...step, args: step.args.map(moved) };
    case 'index':
      return { ...step, strides: [...step.strides, 0] };
    default:
      return step;
  }
}

/** Short ways to write kernel specs in tests. */
import { dtypes, type ComputeDType, type DType } from '../../../src/dtype/dtype.ts';
import type { Profile } from '../../../src/devices/webgpu/program.ts';
import type { LoopInstruction, LoopSpec, ReduceOp } from '../../../src/kernel/spec.ts';
import type { ScalarOp } from '../../../src/scalar/instructions.ts';
import { integers, numbers } from './agreement.ts';

/** What a small GPU says of itself, and what its emulation does. */
export const hardware: Profile = {
  software: false,
  maxInvocations: 256,
  workgroupBytes: 16384,
  maxBindings: 8,
  packedDots: true,
};
export const software: Profile = { ...hardware, software: true, packedDots: false };

export const load = (
  binding: number,
  strides: readonly number[],
  dtype: ComputeDType = 'f32',
  offset = 0,
): LoopInstruction => ({ kind: 'load', access: { binding, offset, strides }, dtype });
export const scalar = (op: ScalarOp, args: readonly number[], dtype: ComputeDType): LoopInstruction => ({
  kind: 'scalar',
  op,
  args,
  dtype,
});
export const reduce = (op: ReduceOp, arg: number, dtype: ComputeDType = 'f32'): LoopInstruction => ({
  kind: 'reduce',
  op,
  arg,
  dtype,
});
export const store = (
  binding: number,
  strides: readonly number[],
  arg: number,
  each: 'point' | 'row' = 'point',
): LoopInstruction => ({ kind: 'store', access: { binding, offset: 0, strides }, arg, each });

/** Ordinary numbers of a dtype. */
export function contentOf(dtype: DType, length: number, seed = 1): number[] {
  const { kind, round } = dtypes[dtype];
  if (kind === 'float') return numbers(length, -2, 2, seed).map(round);
  if (kind === 'bool') return integers(length, 0, 1, seed);
  return integers(length, kind === 'signed' ? -5 : 0, 9, seed);
}

/** Softmax over the rows of [rows, length]: two reductions and a store, three walks. */
export function softmaxSpec(dtype: DType, rows: number, length: number): LoopSpec {
  return {
    kind: 'loop',
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'write' },
    ],
    outer: [rows],
    inner: [length],
    body: [
      load(0, [length, 1]),
      reduce('max', 0),
      scalar('sub', [0, 1], 'f32'),
      scalar('exp', [2], 'f32'),
      reduce('sum', 3),
      scalar('div', [3, 4], 'f32'),
      store(1, [length, 1], 5),
    ],
  };
}

import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { isLookedUp } from '../../../src/devices/cpu/looked-up.ts';
import { dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { LoopInstruction, LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

interface Mapped {
  readonly from?: DType;
  readonly to?: DType;
  readonly steps?: readonly LoopInstruction[];
  readonly apart?: number;
}

/** x / (1 + exp(x)), or other steps, of so many numbers. */
function mapped(size: number, { from = 'f16', to = from, steps, apart = 1 }: Mapped = {}): LoopSpec {
  const usual: readonly LoopInstruction[] = [
    { kind: 'constant', value: 1, dtype: 'f32' },
    { kind: 'scalar', op: 'exp', args: [0], dtype: 'f32' },
    { kind: 'scalar', op: 'add', args: [1, 2], dtype: 'f32' },
    { kind: 'scalar', op: 'div', args: [0, 3], dtype: 'f32' },
  ];
  const between = steps ?? usual;
  return {
    kind: 'loop',
    bindings: [
      { dtype: from, access: 'read' },
      { dtype: to, access: 'write' },
    ],
    outer: [size],
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [apart] }, dtype: 'f32' },
      ...between,
      { kind: 'store', access: { binding: 1, offset: 0, strides: [1] }, arg: between.length, each: 'row' },
    ],
  };
}

const long = 2 ** 19 + 1029;

test('long maps that are dear are looked up, from 16 bits to 16 bits', () => {
  expect(isLookedUp(mapped(long))).toBe(true);
  expect(isLookedUp(mapped(long, { from: 'bf16', to: 'f16' }))).toBe(true);
  expect(isLookedUp(mapped(2 ** 18))).toBe(false);
  expect(isLookedUp(mapped(long, { from: 'f32' }))).toBe(false);
  expect(isLookedUp(mapped(long, { to: 'f32' }))).toBe(false);
  expect(isLookedUp(mapped(long, { apart: 2 }))).toBe(false);
  expect(isLookedUp(mapped(long, { steps: [{ kind: 'scalar', op: 'neg', args: [0], dtype: 'f32' }] }))).toBe(false);
  const places: readonly LoopInstruction[] = [
    { kind: 'index', offset: 0, strides: [1], dtype: 'i32' },
    { kind: 'scalar', op: 'cast', args: [1], dtype: 'f32' },
    { kind: 'scalar', op: 'pow', args: [0, 2], dtype: 'f32' },
  ];
  expect(isLookedUp(mapped(long, { steps: places }))).toBe(false);
});

test.each([
  ['f16', 'f16'],
  ['bf16', 'bf16'],
  ['f16', 'bf16'],
] as const)('what is looked up is what is computed, of every number: %s to %s', (from, to) => {
  const { decode } = dtypes[from];
  const numbers = (size: number): number[] => Array.from({ length: size }, (_, i) => decode((i * 40_503) & 0xffff));
  for (const threads of [1, 3]) {
    const cpu = createCpuDevice({ threads });
    const [, computed = []] = runOn(cpu, mapped(2 ** 16, { from, to }), [numbers(2 ** 16), 2 ** 16]);
    const [, found = []] = runOn(cpu, mapped(long, { from, to }), [numbers(long), long]);
    cpu.dispose();
    expect(found.every((value, i) => Object.is(value, computed[i % 2 ** 16]))).toBe(true);
  }
});

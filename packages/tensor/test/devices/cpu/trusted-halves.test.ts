// Numbers of f16 are taken for finite a block at a time, and looked at once more where that was wrong.
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { dtypes } from '../../../src/dtype/dtype.ts';
import { numberFromFloat16 } from '../../../src/dtype/half.ts';
import { fromTyped, layerNorm, withDevice, type Tensor } from '../../../src/index.ts';
import type { Binding, LoopInstruction, LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice({ threads: 1 });
const reference = createReferenceDevice();
afterAll(() => cpu.dispose());

const half = (access: Binding['access']): Binding => ({ dtype: 'f16', access });
const load = (binding: number, strides: readonly number[]): LoopInstruction => ({
  kind: 'load',
  access: { binding, offset: 0, strides },
  dtype: 'f32',
});
const scalar = (op: 'mul' | 'add', ...args: readonly number[]): LoopInstruction => ({
  kind: 'scalar',
  op,
  args,
  dtype: 'f32',
});

/** x·y + z of so many numbers. */
function multiplyAdd(size: number): LoopSpec {
  return {
    kind: 'loop',
    bindings: [half('read'), half('read'), half('read'), half('write')],
    outer: [size],
    inner: [],
    body: [
      ...[0, 1, 2].map((binding) => load(binding, [1])),
      scalar('mul', 0, 1),
      scalar('add', 3, 2),
      { kind: 'store', access: { binding: 3, offset: 0, strides: [1] }, arg: 4, each: 'row' },
    ],
  };
}

/** Small numbers of f16, of which products and sums of three are small, too. */
const numbers = (size: number, seed: number): number[] =>
  Array.from({ length: size }, (_, i) => dtypes.f16.round((((i * 389 + seed * 97) % 701) - 350) / 64));

/** What is not finite, what is not when it was multiplied by 4, and the smallest there is. */
const special = fc.constantFrom(NaN, Infinity, -Infinity, 65504, -65504, 2 ** -24, -0);

describe('a map', () => {
  const size = 5003;
  const plain = [0, 1, 2].map((seed) => numbers(size, seed));

  test('agrees with the reference with one special number at any place of any operand', () => {
    fc.assert(
      fc.property(special, fc.nat(size - 1), fc.nat(2), (value, place, operand) => {
        const contents = plain.map((values, i) => (i === operand ? values.with(place, value) : values));
        contents[1] = (contents[1] as number[]).with(place, operand === 1 ? value : 4);
        const [found, expected] = [cpu, reference].map(
          (device) => runOn(device, multiplyAdd(size), [...contents, size])[3],
        );
        expect(found).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('halves numbers of all exponents, one in each block', () => {
    const single = Array.from({ length: 16 }, (_, i) => (i << 12) | 0xfff).flatMap((bits) => [bits, bits & 0xfc00]);
    // Where many blocks in a row are wrong, more and more of them are not taken on trust.
    const blocks = [...single, ...new Array<number>(24).fill(0x7c00), ...single.toReversed()];
    const ones = new Array<number>(1024).fill(1);
    const x = blocks.flatMap((bits, i) => ones.with((i * 67) % 1024, numberFromFloat16(bits)));
    const contents = [x, x.map(() => 0.5), x.map(() => 0), x.length];
    expect(runOn(cpu, multiplyAdd(x.length), contents)[3]).toEqual(x.map((value) => dtypes.f16.round(value / 2 + 0)));
  });

  test('in place, of any size, reads each number before it is overwritten', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (length) => {
        const spec: LoopSpec = {
          kind: 'loop',
          bindings: [half('readwrite'), { dtype: 'f32', access: 'readwrite' }],
          outer: [length],
          inner: [],
          body: [
            load(0, [1]),
            load(1, [1]),
            scalar('add', 0, 1),
            { kind: 'store', access: { binding: 0, offset: 0, strides: [1] }, arg: 2, each: 'row' },
            { kind: 'store', access: { binding: 1, offset: 0, strides: [1] }, arg: 2, each: 'row' },
          ],
        };
        const contents = [numbers(length, 1), numbers(length, 2)];
        expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
      }),
      { numRuns: 40 },
    );
  });

  test('of rows and a number for each column agrees with the reference', () => {
    const [rows, columns] = [70, 77];
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [half('read'), half('read'), half('write')],
      outer: [rows, columns],
      inner: [],
      body: [
        load(0, [columns, 1]),
        load(1, [0, 1]),
        scalar('add', 0, 1),
        { kind: 'store', access: { binding: 2, offset: 0, strides: [columns, 1] }, arg: 2, each: 'row' },
      ],
    };
    const contents = [numbers(rows * columns, 1).with(3000, Infinity), numbers(columns, 2), rows * columns];
    expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
  });
});

describe('rows', () => {
  const [height, width] = [24, 256];
  const functions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    'their sums': (x) => x.sum(1),
    'their sums in f32': (x) => x.cast('f32').sum(1),
    'a softmax': (x) => x.softmax(1),
    'running sums': (x) => x.cumsum(1),
    'a norm with weights of f16': (x) => {
      const [weight, bias] = [3, 4].map((seed) => fromTyped(Float32Array.from(numbers(width, seed))).cast('f16'));
      return layerNorm(x, { weight: weight as Tensor, bias: bias as Tensor });
    },
  };

  test.each(Object.keys(functions))('%s are those of few rows, which are not taken on trust, to the byte', (name) => {
    const of = functions[name] as (typeof functions)[string];
    fc.assert(
      fc.property(special, fc.nat(height * width - 1), (value, place) => {
        const values = Float32Array.from(numbers(height * width, 5));
        values[place] = value;
        const bytes = (from: number, to: number): Buffer =>
          withDevice(cpu, () => {
            const rows = values.slice(from * width, to * width);
            return Buffer.from(
              of(
                fromTyped(rows, [to - from, width])
                  .cast('f16')
                  .realizeSync(),
              ).bytesSync(),
            );
          });
        const few = Array.from({ length: height / 2 }, (_, pair) => bytes(2 * pair, 2 * pair + 2));
        expect(Buffer.concat(few).equals(bytes(0, height))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('sums over columns agree with the reference, also of numbers that are small for f16', () => {
    fc.assert(
      fc.property(fc.option(special, { nil: 0 }), fc.nat(height * width - 1), (value, place) => {
        const values = Float32Array.from(numbers(height * width, 5), (each, i) =>
          i % 3 === 0 ? each * 2 ** -20 : each,
        );
        values[place] = value;
        const sums = [cpu, reference].map((device) =>
          withDevice(device, () => [...fromTyped(values, [height, width]).cast('f16').sum(0).cast('f32').dataSync()]),
        );
        expect(sums[0]).toEqual(sums[1]);
      }),
      { numRuns: 25 },
    );
  });
});

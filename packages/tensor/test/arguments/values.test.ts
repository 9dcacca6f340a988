// Whatever a tensor is written from: it holds just that, or the mistake is told.
import { expect, test } from 'vitest';
import {
  ArgumentError,
  DTypeError,
  fromBytes,
  fromTyped,
  promote,
  ShapeError,
  tensor,
  TensorError,
  type DType,
  type NestedValues,
} from '../../src/index.ts';

const write = (values: unknown): ReturnType<typeof tensor> => tensor(values as NestedValues);

test('typed arrays keep their dtype, alone and nested', () => {
  for (const [array, dtype] of [
    [Float32Array.of(1, 2), 'f32'],
    [Float64Array.of(1, 2), 'f64'],
    [Int32Array.of(1, 2), 'i32'],
    [Uint32Array.of(1, 2), 'u32'],
    [Int16Array.of(1, 2), 'i32'],
    [Uint16Array.of(1, 2), 'i32'],
    [Int8Array.of(1, 2), 'i8'],
    [Uint8Array.of(1, 2), 'u8'],
    [Uint8ClampedArray.of(1, 2), 'u8'],
    [Buffer.from([1, 2]), 'u8'],
  ] as const) {
    expect([write(array).dtype, write(array).arraySync()]).toEqual([dtype, [1, 2]]);
    expect([write([array, array]).dtype, write([array, array]).arraySync()]).toEqual([dtype, [[1, 2], [1, 2]]]); // prettier-ignore
  }
  const half = (globalThis as { readonly Float16Array?: { of: (...values: number[]) => unknown } }).Float16Array;
  if (half) expect(write(half.of(1.5)).dtype).toBe('f16');
  expect([write([Int32Array.of(1), [2]]).dtype, write([Int32Array.of(1), [2]]).arraySync()]).toEqual([
    'f32',
    [[1], [2]],
  ]);
  expect(write(new Float32Array(0)).shape).toEqual([0]);
  const later = Int32Array.of(7);
  const taken = write(later);
  later[0] = 8;
  expect(taken.arraySync()).toEqual([7]);
});

test('truth values count as numbers beside numbers', () => {
  expect([write([true, false]).dtype, write([true, false]).arraySync()]).toEqual(['bool', [1, 0]]);
  expect([write([true, 2]).dtype, write([true, 2]).arraySync()]).toEqual(['f32', [1, 2]]);
});

test('what is no number is refused where it stands', () => {
  const holed = new Array<number>(2);
  holed[0] = 1;
  for (const values of [
    'abc',
    '12',
    null,
    undefined,
    {},
    new Map([[0, 1]]),
    new Set([1]),
    new Date(0),
    new ArrayBuffer(8),
    new DataView(new ArrayBuffer(8)),
    new BigInt64Array(1),
    1n,
    Symbol('a'),
    { length: 1, 0: 1 },
    new Number(1),
    ['1'],
    [null],
    [undefined],
    [{}],
    [1n],
    [[1], [new Date(0)]],
    [tensor([1])],
    holed,
    [
      [1, 2],
      ['3', 4],
    ],
  ])
    // prettier-ignore
    expect(() => write(values)).toThrow(ArgumentError);
  expect(() => write([[1, 2], [3, '4']])).toThrow('tensor: the value at [1][1] is "4"'); // prettier-ignore
});

test('ragged and endless arrays are refused', () => {
  for (const values of [
    [[1, 2], [3]],
    [1, [2]],
    [[1], 2],
    [[1], [[2]]],
    [Float32Array.of(1), [1, 2]],
  ])
    expect(() => write(values)).toThrow(ShapeError);
  const endless: unknown[] = [];
  endless.push(endless);
  expect(() => write(endless)).toThrow(TensorError);
});

test('bytes are what their dtype says', () => {
  expect(fromBytes(Uint8Array.of(0, 1, 7), [3], { dtype: 'bool' }).arraySync()).toEqual([0, 1, 1]);
  expect(() => fromBytes([0, 1] as unknown as Uint8Array, [2], { dtype: 'u8' })).toThrow(ArgumentError);
  expect(() => fromTyped(new Uint16Array(2) as unknown as Uint8Array)).toThrow(TensorError);
});

test('a shape is copied, and cannot be changed from outside', () => {
  const shape = [2, 3];
  const zeros = tensor(0).filled(shape, 0);
  shape[0] = 100;
  expect([zeros.shape, zeros.add(1).dataSync().length]).toEqual([[2, 3], 6]);
});

test('dtypes that there are not have nothing in common, themselves included', () => {
  for (const foreign of [Number.POSITIVE_INFINITY, 'f33', undefined, null, ['f32'], 'toString'] as unknown as DType[])
    for (const other of [foreign, 'f32'] as const) {
      expect(() => promote(foreign, other)).toThrow(DTypeError);
      expect(() => promote(other, foreign)).toThrow('promote: there is no dtype');
    }
  expect(promote('f16', 'f16')).toBe('f16');
});

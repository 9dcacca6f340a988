// Numbers beside a dtype that cannot hold them, where they are written and where they are operands.
import { describe, expect, test } from 'vitest';
import {
  arange,
  ArgumentError,
  cpu,
  createReferenceDevice,
  full,
  linspace,
  randint,
  tensor,
  type DType,
} from '../../src/index.ts';
import { numberLaws } from './number-laws.ts';

describe('on cpu', () => {
  numberLaws(cpu);
});
describe('on the reference', () => {
  numberLaws(() => createReferenceDevice('numbers'));
});

test('a tensor is filled with what its dtype holds', () => {
  expect(full([2], 255, { dtype: 'u8' }).arraySync()).toEqual([255, 255]);
  expect(full([2], 7, { dtype: 'bool' }).arraySync()).toEqual([1, 1]);
  for (const [value, dtype] of [
    [256, 'u8'],
    [-1, 'u32'],
    [0.5, 'i32'],
    [Number.NaN, 'i8'],
    [Number.POSITIVE_INFINITY, 'i32'],
  ] as [number, DType][]) {
    expect(() => full([2], value, { dtype })).toThrow(ArgumentError);
    expect(() => tensor([0, value], { dtype })).toThrow(ArgumentError);
  }
});

test('ranges count in their dtype, to its ends and no further', () => {
  expect(arange(5, -5, -2, { dtype: 'i8' }).arraySync()).toEqual([5, 3, 1, -1, -3]);
  expect(arange(10, 0, -3, { dtype: 'u32' }).arraySync()).toEqual([10, 7, 4, 1]);
  expect(arange(2 ** 32 - 4, 2 ** 32, 2, { dtype: 'u32' }).arraySync()).toEqual([2 ** 32 - 4, 2 ** 32 - 2]);
  expect(arange(2047, 2052, 1, { dtype: 'f16' }).arraySync()).toEqual([2047, 2048, 2048, 2050, 2052]);
  expect(() => arange(0, 300, 1, { dtype: 'u8' })).toThrow(ArgumentError);
  expect(() => arange(0, 2, 0.5, { dtype: 'i32' })).toThrow(ArgumentError);
  expect(() => arange(2 ** 53)).toThrow(ArgumentError);
  expect(linspace(0, 10, 3, { dtype: 'i32' }).arraySync()).toEqual([0, 5, 10]);
  expect(() => linspace(0, 1, 3, { dtype: 'i32' })).toThrow(ArgumentError);
});

test('integers are drawn from the whole range of their dtype', () => {
  const drawn = randint(2 ** 32 - 3, 2 ** 32, [64], { dtype: 'u32' }).dataSync();
  expect(new Set(drawn)).toEqual(new Set([2 ** 32 - 3, 2 ** 32 - 2, 2 ** 32 - 1]));
  expect(() => randint(0, 257, [4], { dtype: 'u8' })).toThrow(ArgumentError);
  expect(() => randint(0, 2 ** 31 + 1, [4])).toThrow(ArgumentError);
});

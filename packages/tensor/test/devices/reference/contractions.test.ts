import { describe, expect, test } from 'vitest';
import type { DType } from '../../../src/dtype/dtype.ts';
import type { Access, Binding, Conv2dSpec, MatmulSpec } from '../../../src/kernel/spec.ts';
import { runSpec } from './run-spec.ts';

const at = (binding: number, strides: readonly number[], offset = 0): Access => ({ binding, offset, strides });
const bindings = (...names: readonly DType[]): Binding[] =>
  names.map((dtype, position) => ({ dtype, access: position === names.length - 1 ? 'write' : 'read' }));

describe('matmul', () => {
  const plain: MatmulSpec = {
    kind: 'matmul',
    bindings: bindings('f32', 'f32', 'f32'),
    batch: [],
    m: 2,
    n: 2,
    k: 3,
    a: at(0, [3, 1]),
    b: at(1, [2, 1]),
    out: at(2, [2, 1]),
  };
  const left = [1, 2, 3, 4, 5, 6];
  const right = [7, 8, 9, 10, 11, 12];

  test('rows by columns', () => {
    expect(runSpec(plain, [left, right, 4])[2]).toEqual([58, 64, 139, 154]);
  });

  test('a transposed factor and a broadcast batch', () => {
    // b is [n, k] in memory and shared by both batch entries; a is one [1, 3] row per batch entry.
    const spec: MatmulSpec = {
      ...plain,
      batch: [2],
      m: 1,
      a: at(0, [3, 3, 1]),
      b: at(1, [0, 1, 3]),
      out: at(2, [2, 2, 1]),
    };
    expect(runSpec(spec, [left, right, 4])[2]).toEqual([50, 68, 122, 167]);
  });

  test('an epilogue adds a bias and clips', () => {
    const { out: _, ...rest } = plain;
    const spec: MatmulSpec = {
      ...rest,
      bindings: bindings('f32', 'f32', 'f32', 'f32'),
      epilogue: [
        { kind: 'accumulator', dtype: 'f32' },
        { kind: 'load', access: at(2, [0, 1]), dtype: 'f32' },
        { kind: 'scalar', op: 'add', args: [0, 1], dtype: 'f32' },
        { kind: 'constant', value: 100, dtype: 'f32' },
        { kind: 'scalar', op: 'min', args: [2, 3], dtype: 'f32' },
        { kind: 'store', access: at(3, [2, 1]), arg: 4, each: 'row' },
      ],
    };
    expect(runSpec(spec, [left, right, [1, -1], 4])[3]).toEqual([59, 63, 100, 100]);
  });

  test('integers wrap, half floats accumulate wide', () => {
    const one = { ...plain, m: 1, n: 1, k: 2, a: at(0, [2, 1]), b: at(1, [1, 1]), out: at(2, [1, 1]) };
    expect(runSpec({ ...one, bindings: bindings('i32', 'i32', 'i32') }, [[65536, 1], [65536, 5], 1])[2]).toEqual([5]);
    expect(runSpec({ ...one, bindings: bindings('f16', 'f16', 'f32') }, [[60000, 60000], [2, 1], 1])[2]).toEqual([
      180000,
    ]);
  });

  test('an empty inner size gives zeros', () => {
    expect(runSpec({ ...plain, k: 0 }, [[], [], [9, 9, 9, 9]])[2]).toEqual([0, 0, 0, 0]);
  });
});

describe('conv2d', () => {
  const base: Conv2dSpec = {
    kind: 'conv2d',
    pass: 'forward',
    bindings: bindings('f32', 'f32', 'f32'),
    batch: 1,
    groups: 1,
    inChannels: 1,
    outChannels: 1,
    inSize: [3, 3],
    outSize: [2, 2],
    kernel: [2, 2],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    x: at(0, [9, 9, 3, 1]),
    w: at(1, [4, 4, 2, 1]),
    y: at(2, [4, 4, 2, 1]),
  };
  const image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const weight = [1, 2, 3, 4];

  test('cross-correlates', () => {
    expect(runSpec(base, [image, weight, 4])[2]).toEqual([37, 47, 67, 77]);
  });

  test('pads with zeros and strides', () => {
    // Windows at (-1, -1), (-1, 1), (1, -1), (1, 1).
    const spec: Conv2dSpec = { ...base, stride: [2, 2], padding: [1, 1] };
    expect(runSpec(spec, [image, weight, 4])[2]).toEqual([4, 18, 36, 77]);
  });

  test('dilates', () => {
    const spec: Conv2dSpec = { ...base, dilation: [2, 2], outSize: [1, 1], y: at(2, [1, 1, 1, 1]) };
    expect(runSpec(spec, [image, weight, 1])[2]).toEqual([1 + 6 + 21 + 36]);
  });

  test('groups see only their own channels', () => {
    const spec: Conv2dSpec = {
      ...base,
      groups: 2,
      inChannels: 2,
      outChannels: 2,
      inSize: [1, 2],
      outSize: [1, 2],
      kernel: [1, 1],
      x: at(0, [4, 2, 2, 1]),
      w: at(1, [1, 1, 1, 1]),
      y: at(2, [4, 2, 2, 1]),
    };
    expect(runSpec(spec, [[1, 2, 3, 4], [10, 100], 4])[2]).toEqual([10, 20, 300, 400]);
  });

  test('the input gradient spreads each output back over its window', () => {
    const spec: Conv2dSpec = { ...base, pass: 'input' };
    expect(runSpec(spec, [9, weight, [1, 10, 100, 1000]])[0]).toEqual([1, 12, 20, 103, 1234, 2040, 300, 3400, 4000]);
  });

  test('the weight gradient correlates image and output gradient', () => {
    const spec: Conv2dSpec = { ...base, pass: 'weight' };
    expect(runSpec(spec, [image, 4, [1, 10, 100, 1000]])[1]).toEqual([5421, 6532, 8754, 9865]);
  });

  test('inputs that no window touches have a zero gradient', () => {
    const spec: Conv2dSpec = { ...base, pass: 'input', outSize: [1, 1], y: at(2, [1, 1, 1, 1]) };
    expect(runSpec(spec, [new Array<number>(9).fill(7), weight, [1]])[0]).toEqual([1, 2, 0, 3, 4, 0, 0, 0, 0]);
  });
});

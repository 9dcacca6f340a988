import { describe, expect, test } from 'vitest';
import type { Access, LoopInstruction, LoopSpec } from '../../../src/kernel/spec.ts';
import type { DType } from '../../../src/dtype/dtype.ts';
import { runSpec } from './run-spec.ts';

const at = (binding: number, strides: readonly number[], offset = 0): Access => ({ binding, offset, strides });
const load = (access: Access): LoopInstruction => ({ kind: 'load', access, dtype: 'f32' });

function loop(
  dtypes: readonly DType[],
  outer: readonly number[],
  inner: readonly number[],
  body: readonly LoopInstruction[],
): LoopSpec {
  const bindings = dtypes.map((dtype, position) => ({
    dtype,
    access: position === dtypes.length - 1 ? ('write' as const) : ('read' as const),
  }));
  return { kind: 'loop', bindings, outer, inner, body };
}

describe('maps', () => {
  test('adds a broadcast column to a transposed, flipped view', () => {
    // a is [[1, 2, 3], [4, 5, 6]] read as its transpose with rows reversed: [[3, 6], [2, 5], [1, 4]].
    const spec = loop(
      ['f32', 'f32', 'f32'],
      [3, 2],
      [],
      [
        load(at(0, [-1, 3], 2)),
        load(at(1, [0, 1])),
        { kind: 'scalar', op: 'add', args: [0, 1], dtype: 'f32' },
        { kind: 'store', access: at(2, [2, 1]), arg: 2, each: 'row' },
      ],
    );
    expect(runSpec(spec, [[1, 2, 3, 4, 5, 6], [10, 20], 6])[2]).toEqual([13, 26, 12, 25, 11, 24]);
  });

  test('writes the index, wrapped to 32 bits', () => {
    const spec = loop(
      ['u32'],
      [3],
      [],
      [
        { kind: 'index', offset: 4294967295, strides: [1], dtype: 'u32' },
        { kind: 'store', access: at(0, [1]), arg: 0, each: 'row' },
      ],
    );
    expect(runSpec(spec, [3])[0]).toEqual([4294967295, 0, 1]);
  });

  test('gathers where an earlier value points', () => {
    const spec = loop(
      ['f32', 'i32', 'f32'],
      [3],
      [],
      [
        { kind: 'load', access: at(1, [1]), dtype: 'i32' },
        { kind: 'gather', access: at(0, [0], 1), index: 0, stride: 2, dtype: 'f32' },
        { kind: 'store', access: at(2, [1]), arg: 1, each: 'row' },
      ],
    );
    expect(runSpec(spec, [[10, 11, 12, 13, 14, 15], [2, 0, 1], 3])[2]).toEqual([15, 11, 13]);
  });

  test('rounds every result to its compute dtype', () => {
    // 2^24 + 1 is not an f32: the first addition rounds it away; in f64 it survives.
    const body = (dtype: 'f32' | 'f64'): LoopInstruction[] => [
      { kind: 'constant', value: 2 ** 24, dtype },
      { kind: 'constant', value: 1, dtype },
      { kind: 'scalar', op: 'add', args: [0, 1], dtype },
      { kind: 'scalar', op: 'sub', args: [2, 0], dtype },
      { kind: 'store', access: at(0, []), arg: 3, each: 'row' },
    ];
    expect(runSpec(loop(['f32'], [], [], body('f32')), [1])[0]).toEqual([0]);
    expect(runSpec(loop(['f64'], [], [], body('f64')), [1])[0]).toEqual([1]);
  });

  test('reads constants that JSON cannot carry', () => {
    const body: LoopInstruction[] = ['NaN', 'Infinity', '-Infinity', '-0'].flatMap(
      (value, position): LoopInstruction[] => [
        { kind: 'constant', value, dtype: 'f32' },
        { kind: 'store', access: at(0, [], position), arg: position * 2, each: 'row' },
      ],
    );
    expect(runSpec(loop(['f32'], [], [], body), [4])[0]).toEqual([Number.NaN, Infinity, -Infinity, -0]);
  });

  test.each([
    ['f32 to i32 truncates and saturates', 'f32', 'i32', [1.9, -1.9, 1e20, Number.NaN], [1, -1, 2147483647, 0]],
    ['i32 to u32 wraps', 'i32', 'u32', [-1, 7], [4294967295, 7]],
    ['u32 to bool', 'u32', 'bool', [0, 9], [0, 1]],
  ] as const)('cast: %s', (_, from, to, values, expected) => {
    const spec = loop(
      [from, to],
      [values.length],
      [],
      [
        { kind: 'load', access: at(0, [1]), dtype: from },
        { kind: 'scalar', op: 'cast', args: [0], dtype: to },
        { kind: 'store', access: at(1, [1]), arg: 1, each: 'row' },
      ],
    );
    expect(runSpec(spec, [values, values.length])[1]).toEqual(expected);
  });

  test('bitcast reinterprets the bits', () => {
    const spec = loop(
      ['f32', 'u32'],
      [2],
      [],
      [
        load(at(0, [1])),
        { kind: 'scalar', op: 'bitcast', args: [0], dtype: 'u32' },
        { kind: 'store', access: at(1, [1]), arg: 1, each: 'row' },
      ],
    );
    expect(runSpec(spec, [[1, -0], 2])[1]).toEqual([0x3f800000, 0x80000000]);
  });

  test('select takes its dtype from its branches', () => {
    const spec = loop(
      ['bool', 'i32', 'i32'],
      [2],
      [],
      [
        { kind: 'load', access: at(0, [1]), dtype: 'bool' },
        { kind: 'load', access: at(1, [1]), dtype: 'i32' },
        { kind: 'constant', value: -5, dtype: 'i32' },
        { kind: 'scalar', op: 'select', args: [0, 1, 2], dtype: 'i32' },
        { kind: 'store', access: at(2, [1]), arg: 3, each: 'row' },
      ],
    );
    expect(runSpec(spec, [[1, 0], [7, 8], 2])[2]).toEqual([7, -5]);
  });

  test('stores into 16-bit and 8-bit elements', () => {
    const narrow = (dtype: DType): LoopSpec =>
      loop(
        ['i32', dtype],
        [2],
        [],
        [
          { kind: 'load', access: at(0, [1]), dtype: 'i32' },
          { kind: 'store', access: at(1, [1]), arg: 0, each: 'row' },
        ],
      );
    expect(runSpec(narrow('i8'), [[300, -129], 2])[1]).toEqual([44, 127]);
    expect(runSpec(narrow('f16'), [[2049, -3], 2])[1]).toEqual([2048, -3]);
    expect(runSpec(narrow('bf16'), [[257, -3], 2])[1]).toEqual([256, -3]);
  });

  test('an empty outer space stores nothing', () => {
    const spec = loop(
      ['f32'],
      [0, 2],
      [],
      [
        { kind: 'constant', value: 1, dtype: 'f32' },
        { kind: 'store', access: at(0, [2, 1]), arg: 0, each: 'row' },
      ],
    );
    expect(runSpec(spec, [1])[0]).toEqual([0]);
  });

  test('reaching outside a binding is an error', () => {
    const spec = loop(
      ['f32', 'f32'],
      [3],
      [],
      [load(at(0, [1])), { kind: 'store', access: at(1, [1]), arg: 0, each: 'row' }],
    );
    expect(() => runSpec(spec, [[1, 2], 3])).toThrow('read of element 2 of a range of 2');
  });
});

describe('rows', () => {
  test('softmax takes three walks over one row', () => {
    const spec = loop(
      ['f32', 'f32'],
      [2],
      [2],
      [
        load(at(0, [2, 1])),
        { kind: 'reduce', op: 'max', arg: 0, dtype: 'f32' },
        { kind: 'scalar', op: 'sub', args: [0, 1], dtype: 'f32' },
        { kind: 'scalar', op: 'exp', args: [2], dtype: 'f32' },
        { kind: 'reduce', op: 'sum', arg: 3, dtype: 'f32' },
        { kind: 'scalar', op: 'div', args: [3, 4], dtype: 'f32' },
        { kind: 'store', access: at(1, [2, 1]), arg: 5, each: 'point' },
      ],
    );
    const quarter = 1 / (1 + Math.exp(-Math.log(3)));
    const out = runSpec(spec, [[Math.log(3), 0, 1000, 1000], 4])[1] ?? [];
    expect(out).toEqual([expect.closeTo(quarter, 6), expect.closeTo(1 - quarter, 6), 0.5, 0.5]);
  });

  test('a row value counts once per inner index, and a row store happens once', () => {
    const spec = loop(
      ['f32', 'f32', 'f32'],
      [2],
      [3],
      [
        load(at(0, [1, 0])),
        { kind: 'reduce', op: 'sum', arg: 0, dtype: 'f32' },
        { kind: 'store', access: at(1, [1, 0]), arg: 1, each: 'row' },
        { kind: 'store', access: at(2, [3, 1]), arg: 1, each: 'point' },
      ],
    );
    const [, rows, points] = runSpec(spec, [[5, 7], 2, 6]);
    expect(rows).toEqual([15, 21]);
    expect(points).toEqual([15, 15, 15, 21, 21, 21]);
  });

  test.each([
    ['sum', 0],
    ['prod', 1],
    ['max', -Infinity],
    ['min', Infinity],
  ] as const)('%s over nothing is its identity', (op, identity) => {
    expect(runSpec(reduction(op, 'f32', 0), [[], 1])[1]).toEqual([identity]);
  });

  test('an f32 sum rounds once', () => {
    expect(runSpec(reduction('sum', 'f32', 3), [[2 ** 24, 1, 1], 1])[1]).toEqual([2 ** 24 + 2]);
  });

  test('integer folds wrap', () => {
    expect(runSpec(reduction('sum', 'i32', 2), [[2147483647, 1], 1])[1]).toEqual([-2147483648]);
    expect(runSpec(reduction('prod', 'u32', 2), [[65537, 65537], 1])[1]).toEqual([131073]);
  });

  test.each(['sum', 'prod', 'max', 'min'] as const)('%s propagates NaN', (op) => {
    expect(runSpec(reduction(op, 'f32', 3), [[1, Number.NaN, 2], 1])[1]).toEqual([Number.NaN]);
  });
});

function reduction(op: 'sum' | 'prod' | 'max' | 'min', dtype: 'f32' | 'i32' | 'u32', length: number): LoopSpec {
  return loop(
    [dtype, dtype],
    [],
    [length],
    [
      { kind: 'load', access: at(0, [1]), dtype },
      { kind: 'reduce', op, arg: 0, dtype },
      { kind: 'store', access: at(1, [0]), arg: 1, each: 'row' },
    ],
  );
}

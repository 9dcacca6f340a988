/** The decisions behind the kernels. Needs no device. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sizeClass } from '../../../src/devices/webgpu/buffers.ts';
import { chooseTile } from '../../../src/devices/webgpu/contraction/tile-choice.ts';
import { rowShape } from '../../../src/devices/webgpu/loop/row-shape.ts';
import { splitReduction } from '../../../src/devices/webgpu/loop/split-reduction.ts';
import { gridOf } from '../../../src/devices/webgpu/program.ts';
import { literal } from '../../../src/devices/webgpu/wgsl/literals.ts';
import { WgslModule } from '../../../src/devices/webgpu/wgsl/wgsl-module.ts';
import { collapse } from '../../../src/kernel/collapse.ts';
import type { LoopSpec } from '../../../src/kernel/spec.ts';
import { hardware, load, reduce, scalar, software, store } from './specs.ts';

const bindings: LoopSpec['bindings'] = [
  { dtype: 'f32', access: 'read' },
  { dtype: 'f32', access: 'write' },
];

test('grids hold at least the groups asked for, within the limits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (groups) => {
      const grid = gridOf(groups);
      expect(grid.every((size) => size >= 1 && size <= 65535)).toBe(true);
      expect(grid[0] * grid[1] * grid[2]).toBeGreaterThanOrEqual(groups);
    }),
  );
});

test('size classes hold what they are for and waste at most a quarter', () => {
  fc.assert(
    fc.property(fc.integer({ min: 257, max: 2 ** 31 }), (bytes) => {
      const size = sizeClass(bytes);
      expect(size % 16).toBe(0);
      expect(size).toBeGreaterThanOrEqual(bytes);
      expect(size).toBeLessThanOrEqual(bytes * 1.25);
      expect(sizeClass(size)).toBe(size);
    }),
  );
});

describe('literals', () => {
  test('read back as the same f32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = literal(new WgslModule(), 'f32', value);
        if (text.startsWith('bitcast')) return;
        expect(Math.fround(Number(text))).toBe(value);
        expect(text).toMatch(/[.e]/);
      }),
    );
  });

  test('that WGSL forbids as constants are made at run time', () => {
    const module = new WgslModule();
    expect(literal(module, 'f32', 'NaN')).toBe('from_bits(0x7fc00000u)');
    expect(literal(module, 'f32', '-Infinity')).toBe('from_bits(0xff800000u)');
    expect(literal(module, 'f32', '-0')).toBe('bitcast<f32>(0x80000000u)');
    expect(literal(module, 'i32', -2147483648)).toBe('i32(-2147483648)');
    expect(literal(module, 'u32', -1)).toBe('4294967295u');
  });
});

test('dimensions that are walked as one become one', () => {
  const spec: LoopSpec = {
    kind: 'loop',
    bindings,
    outer: [2, 1, 3, 4],
    inner: [5, 6],
    body: [load(0, [360, 7, 120, 30, 6, 1]), reduce('sum', 0), store(1, [12, 9, 4, 1, 0, 0], 1, 'row')],
  };
  const { outer, inner, body } = collapse(spec);
  expect({ outer, inner, body }).toEqual({
    outer: [24],
    inner: [30],
    body: [load(0, [30, 1]), reduce('sum', 0), store(1, [1, 0], 1, 'row')],
  });
  const broadcast: LoopSpec = { ...spec, outer: [4, 3], inner: [], body: [load(0, [0, 1]), store(1, [3, 1], 0)] };
  expect(collapse(broadcast).outer).toEqual([4, 3]);
});

test('a reduction over one element stays a reduction', () => {
  const spec: LoopSpec = {
    kind: 'loop',
    bindings,
    outer: [3],
    inner: [1],
    body: [load(0, [1, 0]), reduce('sum', 0), store(1, [1, 0], 1, 'row')],
  };
  expect(collapse(spec).inner).toEqual([1]);
});

describe('row kernels', () => {
  const rows = (outer: number, length: number, strides: number[]): LoopSpec => ({
    kind: 'loop',
    bindings,
    outer: [outer],
    inner: [length],
    body: [load(0, strides), reduce('sum', 0), store(1, [1, 0], 1, 'row')],
  });

  test('long contiguous rows take a workgroup, short ones an invocation', () => {
    expect(rowShape(rows(100, 4096, [4096, 1]), hardware)).toEqual({ rows: 1, lanes: 256, fold: 'tree' });
    expect(rowShape(rows(100, 8, [8, 1]), hardware)).toEqual({ rows: 64, lanes: 1, fold: 'tree' });
  });

  test('columns are read side by side', () => {
    expect(rowShape(rows(100, 4096, [1, 100]), hardware)).toEqual({ rows: 32, lanes: 8, fold: 'tree' });
  });

  test('an emulated GPU gets along without barriers where it can', () => {
    expect(rowShape(rows(100, 4096, [4096, 1]), software).lanes).toBe(1);
    expect(rowShape(rows(2, 4096, [4096, 1]), software)).toEqual({ rows: 2, lanes: 32, fold: 'each' });
  });
});

describe('split reductions', () => {
  const sum = (length: number): LoopSpec => ({
    kind: 'loop',
    bindings,
    outer: [],
    inner: [length],
    body: [
      load(0, [1]),
      scalar('mul', [0, 0], 'f32'),
      reduce('sum', 1),
      scalar('sqrt', [2], 'f32'),
      store(1, [0], 3, 'row'),
    ],
  });

  test('cut a long row in equal parts and finish as the whole would', () => {
    const split = splitReduction(sum(2 ** 20));
    expect(split?.parts.outer).toEqual([512]);
    expect(split?.parts.inner).toEqual([2048]);
    expect(split?.whole.body.map(({ kind }) => kind)).toEqual(['load', 'reduce', 'scalar', 'store']);
    expect(split?.scratchLength).toBe(512);
  });

  test('leave short rows, prime lengths and several walks alone', () => {
    expect(splitReduction(sum(1000))).toBeUndefined();
    expect(splitReduction(sum(1000003))).toBeUndefined();
    const twoWalks: LoopSpec = {
      ...sum(2 ** 20),
      body: [load(0, [1]), reduce('max', 0), scalar('sub', [0, 1], 'f32'), reduce('sum', 2), store(1, [0], 3, 'row')],
    };
    expect(splitReduction(twoWalks)).toBeUndefined();
  });
});

describe('tiles', () => {
  test('GPUs work through workgroup memory, emulated ones in registers', () => {
    const sizes = { batch: 1, m: 1024, n: 1024, k: 1024 };
    expect(chooseTile(sizes, hardware, true, 'any')).toEqual({ kind: 'workgroup', tile: 8, splits: 1 });
    expect(chooseTile(sizes, software, true, 'any')).toEqual({
      kind: 'register',
      tile: { rows: 8, columns: 8, depth: 1 },
      splits: 1,
    });
  });

  test('few outputs with long sums are cut into parts, if there is room for them', () => {
    const sizes = { batch: 1, m: 32, n: 32, k: 65536 };
    expect(chooseTile(sizes, hardware, true, 'any')).toMatchObject({ kind: 'workgroup', splits: 32 });
    expect(chooseTile(sizes, hardware, false, 'any')).toMatchObject({ splits: 1 });
  });

  test('a vector times a matrix is a loop, unless it has to be a tile', () => {
    expect(chooseTile({ batch: 1, m: 1, n: 4096, k: 4096 }, hardware, true, 'any')).toEqual({ kind: 'loop' });
    expect(chooseTile({ batch: 8, m: 1, n: 64, k: 9 }, hardware, true, 'tile')).toMatchObject({ kind: 'register' });
  });
});

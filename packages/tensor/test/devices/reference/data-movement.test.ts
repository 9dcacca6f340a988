import { describe, expect, test } from 'vitest';
import type { CustomSpec, ScanSpec, ScatterAddSpec, SortSpec } from '../../../src/kernel/spec.ts';
import { runSpec } from './run-spec.ts';

describe('scan', () => {
  const spec: ScanSpec = {
    kind: 'scan',
    op: 'sum',
    outer: 1,
    length: 3,
    inner: 2,
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
    ],
  };

  test('runs along the middle dimension', () => {
    expect(runSpec(spec, [[1, 10, 2, 20, 3, 30], 6])[1]).toEqual([1, 10, 3, 30, 6, 60]);
  });

  test.each([
    ['prod', [2, 3, Number.NaN, 4], [2, 6, Number.NaN, Number.NaN]],
    ['max', [2, 1, 3, Number.NaN], [2, 2, 3, Number.NaN]],
    ['min', [2, 1, 3, -1], [2, 1, 1, -1]],
  ] as const)('%s', (op, values, expected) => {
    expect(runSpec({ ...spec, op, length: 4, inner: 1 }, [values, 4])[1]).toEqual(expected);
  });
});

describe('sort', () => {
  const spec: SortSpec = {
    kind: 'sort',
    rows: 2,
    length: 4,
    descending: false,
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
      { dtype: 'i32', access: 'write' },
    ],
  };
  const rows = [3, Number.NaN, 1, 3, 0, -0, -Infinity, Infinity];

  test('ascending: stable, NaN last', () => {
    const [, values, positions] = runSpec(spec, [rows, 8, 8]);
    expect(values).toEqual([1, 3, 3, Number.NaN, -Infinity, 0, -0, Infinity]);
    expect(positions).toEqual([2, 0, 3, 1, 2, 0, 1, 3]);
  });

  test('descending: stable, NaN first', () => {
    const [, values, positions] = runSpec({ ...spec, descending: true }, [rows, 8, 8]);
    expect(values).toEqual([Number.NaN, 3, 3, 1, Infinity, 0, -0, -Infinity]);
    expect(positions).toEqual([1, 0, 3, 2, 3, 0, 1, 2]);
  });
});

test('scatter-add adds duplicates, drops what is outside, and clears the rest', () => {
  const spec: ScatterAddSpec = {
    kind: 'scatter-add',
    outer: 1,
    count: 4,
    inner: 2,
    length: 3,
    bindings: [
      { dtype: 'i32', access: 'read' },
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
    ],
    index: { binding: 0, offset: 0, strides: [4, 1, 0] }, // one index per count, shared by both columns
    source: { binding: 1, offset: 0, strides: [8, 2, 1] },
    out: { binding: 2, offset: 0, strides: [6, 2, 1] },
  };
  const out = runSpec(spec, [
    [2, 0, 2, 3],
    [1, 10, 2, 20, 3, 30, 4, 40],
    [9, 9, 9, 9, 9, 9],
  ])[2];
  expect(out).toEqual([2, 20, 0, 0, 4, 40]);
});

test('custom kernels run their own reference and round to their dtypes', () => {
  const spec: CustomSpec = {
    kind: 'custom',
    name: 'halve',
    id: 1,
    inputShapes: [[3]],
    outputShapes: [[3], []],
    attributes: { by: 2 },
    bindings: [
      { dtype: 'f16', access: 'read' },
      { dtype: 'i32', access: 'write' },
      { dtype: 'f32', access: 'write' },
    ],
    definition: {
      name: 'halve',
      reference: (site, [x], [halves, count]) => {
        x?.forEach((value, position) => halves?.set([value / Number(site.attributes['by'])], position));
        count?.set([site.inputs[0]?.shape[0] ?? 0]);
      },
    },
  };
  expect(runSpec(spec, [[1, 4, -7], 3, 1]).slice(1)).toEqual([[0, 2, -3], [3]]);
});

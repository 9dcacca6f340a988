// A product of as many rows as there are when it runs: how it is computed depends on them, and the workspace has to do for all ways.
import { expect, test } from 'vitest';
import '../../../src/devices/cpu/encoded/encoded.ts';
import { Engine } from '../../../src/devices/cpu/engine.ts';
import { DeviceMemory } from '../../../src/devices/cpu/memory/device-memory.ts';
import { acceptsSpec, compile } from '../../../src/devices/cpu/programs.ts';
import type { EncodedLayout, EncodedMatmulSpec, EncodedSettings } from '../../../src/kernel/spec.ts';

const group32 = { bits: 4, group: 32, zeros: false, minima: false, table: false, scales: 'f16' } as const;
const matrices: readonly (readonly [layout: EncodedLayout, settings: EncodedSettings])[] = [
  ['int8', { scales: 'row' }],
  ['int4', { group: 32, zeros: true }],
  ['int-n', group32],
  ['int-n', { ...group32, bits: 3, group: 256, minima: true }],
  ['codebook', { bits: 4 }],
  ['csr', { values: 'f32', columnBytes: 2 }],
  ['bitmask', { values: 'int8' }],
  ['n-of-m', { values: 'f32', n: 2, m: 4 }],
  ['blocks', { values: 'f32', height: 4, width: 16 }],
];
/** Rows and columns; wide and narrow ones are cut into other blocks. */
const sizes = [
  [1, 1],
  [40, 256],
  [512, 40],
] as const;
const mostRows = 70;

/** A product of m rows, each of them apart or not, with as many bindings as any layout has. */
function product(
  [layout, settings]: (typeof matrices)[number],
  [rows, columns]: (typeof sizes)[number],
  m: number,
  way: Pick<EncodedMatmulSpec, 'walks' | 'activations'> & { readonly isTurned: boolean },
): EncodedMatmulSpec {
  const { walks, activations, isTurned } = way;
  const [depth, width] = walks === 'columns' ? [columns, rows] : [rows, columns];
  return {
    kind: 'encoded-matmul',
    bindings: Array.from({ length: 9 }, () => ({ dtype: 'f32', access: 'read' })),
    layout,
    settings,
    rows,
    columns,
    walks,
    m,
    activations,
    x: { binding: 0, offset: 0, strides: isTurned ? [1, mostRows] : [depth, 1] },
    parts: [1, 2, 3, 4, 5, 6],
    out: { binding: 8, offset: 0, strides: [width, 1] },
  };
}

const kinds = ['f32', 'int8', 'codes', 'int8-groups', 'int16-groups'] as const;

test.each(matrices)('%s %o: no number of rows needs more than the program of the most', (...matrix) => {
  const engine = new Engine(new DeviceMemory());
  let programs = 0;
  for (const size of sizes)
    for (const walks of ['columns', 'rows'] as const)
      for (const activations of kinds)
        for (const isTurned of [false, true]) {
          const way = { walks, activations, isTurned };
          if (!acceptsSpec(product(matrix, size, 1, way))) continue;
          let needed = 0;
          for (let m = 1; m <= mostRows; m++) {
            const spec = product(matrix, size, m, way);
            needed = Math.max(needed, compile(spec, engine).workspaceBytes);
            if (m % 16 > 1) continue;
            const limited = compile({ ...spec, limits: [{ dim: 0, binding: 7, offset: 0 }] }, engine);
            expect(needed).toBeLessThanOrEqual(limited.workspaceBytes);
            programs++;
          }
        }
  expect(programs).toBeGreaterThan(50);
});

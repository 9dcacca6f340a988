/** Products with encoded matrices on the adapter against the reference, where drawn specs seldom come: long, wide, rounded, empty. */
import { describe, expect, test, vi } from 'vitest';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { DType } from '../../../src/dtype/dtype.ts';
import type { EncodedLayout, EncodedMatmulSpec, EncodedSettings, LoopInstruction } from '../../../src/kernel/spec.ts';
import { expectAgreement, integers, numbers, runOn, tunedDevices, tunings } from './agreement.ts';
import { load, scalar, store } from './specs.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const deviceOf = tunedDevices();

type Part = readonly [dtype: DType, values: readonly number[]];

/** A matrix in a layout. */
interface Matrix {
  readonly layout: EncodedLayout;
  readonly settings: EncodedSettings;
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly Part[];
}

const int8 = (rows: number, columns: number, codes = integers(rows * columns, -127, 127)): Matrix => ({
  layout: 'int8',
  settings: { scales: 'row' },
  rows,
  columns,
  parts: [
    ['i8', codes],
    ['f32', numbers(rows, 0.01, 0.02)],
  ],
});

const int4 = (rows: number, columns: number, group: number, zeros: boolean): Matrix => {
  const groups = rows * Math.ceil(columns / group);
  return {
    layout: 'int4',
    settings: { group, zeros },
    rows,
    columns,
    parts: [
      ['u8', integers(rows * Math.ceil(columns / 2), 0, 255)],
      ['f32', numbers(groups, 0.1, 0.2)],
      ...(zeros ? [['u8', integers(groups, 0, 15)] as const] : []),
    ],
  };
};

/** Codes of any bits with minima and scales that are codes. */
const intN = (rows: number, columns: number, bits: number, group: number): Matrix => {
  const groups = rows * Math.ceil(columns / group);
  const steps = rows * Math.ceil(columns / 256);
  return {
    layout: 'int-n',
    settings: { bits, group, zeros: false, minima: true, scales: 'i8' },
    rows,
    columns,
    parts: [
      ['u8', integers(rows * Math.ceil((columns * bits) / 8), 0, 255)],
      ['i8', integers(groups, -9, 9)],
      ['i8', integers(groups, -9, 9)],
      ['f16', Array.from({ length: steps }, (_, step) => 2 ** -(5 + (step % 3)))],
      ['f16', Array.from({ length: steps }, (_, step) => -(2 ** -(2 + (step % 2))))],
    ],
  };
};

const codebook = (rows: number, columns: number, bits: 4 | 8): Matrix => ({
  layout: 'codebook',
  settings: { bits },
  rows,
  columns,
  parts: [
    ['u8', integers(rows * Math.ceil((columns * bits) / 8), 0, 255)],
    ['f32', numbers(2 ** bits)],
  ],
});

/** `perRow` entries in each row but every third, evenly spread. */
const csr = (rows: number, columns: number, perRow: number): Matrix => {
  const counts = Array.from({ length: rows }, (_, row) => (row % 3 === 2 ? 0 : perRow));
  const offsets = counts.reduce<number[]>((before, count) => [...before, (before.at(-1) ?? 0) + count], [0]);
  const places = counts.flatMap((count) =>
    Array.from({ length: count }, (_, entry) => Math.floor((entry * columns) / count)),
  );
  return {
    layout: 'csr',
    settings: { values: 'f32', columnBytes: 4 },
    rows,
    columns,
    parts: [
      ['i32', offsets],
      ['i32', places],
      ['f32', numbers(places.length)],
    ],
  };
};

const bitmask = (rows: number, columns: number): Matrix => {
  const bytes = Math.ceil(columns / 8);
  const bits = integers(rows * bytes, 0, 255);
  const ones = (row: number): number =>
    Array.from(
      { length: columns },
      (_, column) => ((bits[row * bytes + (column >> 3)] ?? 0) >> (column & 7)) & 1,
    ).reduce((sum, bit) => sum + bit, 0);
  const offsets = [0];
  for (let row = 0; row < rows; row++) offsets.push((offsets.at(-1) ?? 0) + ones(row));
  return {
    layout: 'bitmask',
    settings: { values: 'int8' },
    rows,
    columns,
    parts: [
      ['i32', offsets],
      ['u8', bits],
      ['i8', integers(offsets.at(-1) ?? 0, -127, 127)],
      ['f32', numbers(rows, 0.01, 0.02)],
    ],
  };
};

const halfOfFour = (rows: number, columns: number): Matrix => ({
  layout: 'n-of-m',
  settings: { values: 'f32', n: 2, m: 4 },
  rows,
  columns,
  parts: [
    ['u8', integers((rows * columns) / 8, 0, 255)],
    ['f32', numbers((rows * columns) / 2)],
  ],
});

/** All blocks of the upper half of the rows. */
const blocks = (rows: number, columns: number, height: number, width: number): Matrix => {
  const across = Math.ceil(columns / width);
  const down = Math.ceil(rows / height);
  const present = Math.ceil(down / 2);
  return {
    layout: 'blocks',
    settings: { values: 'f32', height, width },
    rows,
    columns,
    parts: [
      ['i32', Array.from({ length: down + 1 }, (_, row) => Math.min(row, present) * across)],
      ['i32', Array.from({ length: present * across }, (_, block) => block % across)],
      ['f32', numbers(present * across * height * width)],
    ],
  };
};

interface Product {
  readonly m?: number;
  readonly walks?: EncodedMatmulSpec['walks'];
  readonly activations?: EncodedMatmulSpec['activations'];
  readonly x?: readonly number[];
}

/** The spec of a product without anything to store it, and what its bindings hold. */
function productOf(
  { layout, settings, rows, columns, parts }: Matrix,
  { m = 1, walks = 'columns', activations = 'f32', x }: Product,
): { readonly spec: EncodedMatmulSpec; readonly contents: (readonly number[] | number)[]; readonly width: number } {
  const [depth, width] = walks === 'columns' ? [columns, rows] : [rows, columns];
  return {
    spec: {
      kind: 'encoded-matmul',
      bindings: [['f32'] as const, ...parts].map(([dtype]) => ({ dtype, access: 'read' })),
      layout,
      settings,
      rows,
      columns,
      walks,
      m,
      activations,
      x: { binding: 0, offset: 0, strides: [depth, 1] },
      parts: parts.map((_, part) => part + 1),
    },
    contents: [x ?? numbers(m * depth), ...parts.map(([, values]) => values)],
    width,
  };
}

async function check(tuning: string, matrix: Matrix, product: Product, absolute: number): Promise<void> {
  const { spec, contents, width } = productOf(matrix, product);
  const out = { binding: contents.length, offset: 0, strides: [width, 1] };
  const whole: EncodedMatmulSpec = { ...spec, bindings: [...spec.bindings, { dtype: 'f32', access: 'write' }], out };
  const device = deviceOf(tuning);
  expect(device.accepts(whole)).toBe(true);
  await expectAgreement(device, whole, [...contents, spec.m * width], { absolute, relative: 2e-6 });
}

const long: readonly [string, Matrix, Product][] = [
  ['int8, 70,000 columns', int8(5, 70_000), {}],
  ['int8, 70,000 columns, rounded', int8(5, 70_000), { activations: 'int8' }],
  ['int4, 70,001 columns', int4(6, 70_001, 16, true), { m: 2 }],
  ['int4, one group a row', int4(3, 5000, 5000, false), {}],
  ['int4, down the columns', int4(5000, 20, 16, false), { walks: 'rows', m: 2 }],
  ['int-n of 4 bits, 9,001 columns', intN(6, 9001, 4, 32), { m: 2 }],
  ['int-n of 5 bits, down the columns', intN(3000, 70, 5, 16), { walks: 'rows', m: 2 }],
  ['codebook, 9,000 columns', codebook(7, 9000, 4), {}],
  ['csr, 6,000 entries a row', csr(4, 9000, 6000), { m: 3 }],
  ['bitmask, 5,003 columns', bitmask(3, 5003), { m: 2 }],
  ['2 of 4, 8,192 columns', halfOfFour(5, 8192), {}],
  ['blocks, 9,000 columns', blocks(20, 9000, 8, 16), {}],
];

const wide: readonly [string, Matrix, Product][] = [
  ['int8', int8(70, 61), { m: 40 }],
  ['int8, down the columns', int8(61, 70), { m: 40, walks: 'rows' }],
  ['int8, rounded', int8(70, 61), { m: 9, activations: 'int8' }],
  ['int4', int4(68, 90, 32, true), { m: 36 }],
  ['int4, down the columns', int4(90, 68, 32, false), { m: 36, walks: 'rows' }],
  ['int4, rounded', int4(37, 90, 32, true), { m: 5, activations: 'int8' }],
  ['int-n of 3 bits', intN(40, 270, 3, 16), { m: 33 }],
  ['int-n of 6 bits, down the columns', intN(90, 68, 6, 32), { m: 36, walks: 'rows' }],
  ['int-n of 8 bits, rounded', intN(37, 90, 8, 32), { m: 5, activations: 'int8' }],
  ['codebook', codebook(40, 33, 8), { m: 33 }],
  ['codebook, down the columns, rounded', codebook(33, 40, 4), { m: 33, walks: 'rows', activations: 'int8' }],
  ['csr, rounded', csr(30, 300, 20), { m: 6, activations: 'int8' }],
];

/** x on and beside halves of the scale of its row, which is that of its first element. */
function nearHalves(length: number, largest: number): number[] {
  const scale = Math.fround(largest / 127);
  const view = new DataView(new ArrayBuffer(4));
  return Array.from({ length }, (_, place) => {
    if (place === 0) return largest;
    view.setFloat32(0, Math.fround((Math.floor(place / 5) % 127) + 0.5) * scale);
    view.setInt32(0, view.getInt32(0) + (place % 5) - 2);
    return Math.min(largest, view.getFloat32(0)) * (place % 2 === 0 ? 1 : -1);
  });
}

describe.each(tunings)('encoded matmul, tuned for %s', (tuning) => {
  test.each(long)('long sums: %s', async (_, matrix, product) => {
    await check(tuning, matrix, product, 2e-3);
  });

  test.each(wide)('many rows of x: %s', async (_, matrix, product) => {
    await check(tuning, matrix, product, 1e-4);
  });

  test('the codes of activations are those of correctly rounded quotients', async () => {
    const size = 640;
    const diagonal = Array.from({ length: size * size }, (_, place) => (place % (size + 1) === 0 ? 1 : 0));
    const largest = [1, 0.3, 127, 3.7e-12, 1e30, 2 ** -100, 255 / 256].map(Math.fround);
    const x = largest.flatMap((value) => nearHalves(size, value));
    const { spec, contents } = productOf(int8(size, size, diagonal), { m: largest.length, activations: 'int8', x });
    const whole: EncodedMatmulSpec = {
      ...spec,
      settings: { scales: 'matrix' },
      bindings: [...spec.bindings, { dtype: 'f32', access: 'write' }],
      out: { binding: 3, offset: 0, strides: [size, 1] },
    };
    const all = [contents[0] ?? 0, contents[1] ?? 0, [1], x.length];
    const actual = (await runOn(deviceOf(tuning), whole, all))[3] ?? [];
    const expected = (await runOn(createReferenceDevice(), whole, all))[3] ?? [];
    const codes = (values: readonly number[]): number[] =>
      values.map((value, place) => Math.round((value / (largest[Math.floor(place / size)] ?? 1)) * 127));
    expect(codes(actual)).toEqual(codes(expected));
  });

  test('a row of activations that is not finite is NaN, and one of zeros 0', async () => {
    const x = [1, NaN, 2, 3, 1, -Infinity, 2, 3, 0, 0, 0, 0, 1, 2, 3, 4];
    await check(tuning, int8(6, 4), { m: 4, activations: 'int8', x }, 1e-5);
    await check(tuning, codebook(6, 4, 8), { m: 4, activations: 'int8', x }, 1e-5);
  });

  test('what comes after a product may read its x, also when that is rounded, and store halves', async () => {
    for (const activations of ['f32', 'int8'] as const) {
      const { spec, contents, width } = productOf(int8(36, 36), { m: 3, activations });
      const epilogue: LoopInstruction[] = [
        { kind: 'accumulator', dtype: 'f32' },
        load(0, [36, 1]),
        scalar('add', [0, 1], 'f32'),
        store(3, [36, 1], 2),
        store(4, [1, 3], 0),
      ];
      const whole: EncodedMatmulSpec = {
        ...spec,
        bindings: [...spec.bindings, { dtype: 'f16', access: 'write' }, { dtype: 'f32', access: 'write' }],
        epilogue,
      };
      await expectAgreement(deviceOf(tuning), whole, [...contents, 3 * width, 3 * width], {
        absolute: 4e-3,
        relative: 2 ** -10,
      });
    }
  });

  test('matrices without entries, columns or rows', async () => {
    await check(tuning, csr(9, 20, 0), { m: 2 }, 0);
    await check(tuning, int8(5, 0), { m: 2 }, 0);
    await check(tuning, int8(0, 5), { m: 2, walks: 'rows' }, 0);
  });

  test('sparse sums down the columns go through the dense matrix', () => {
    const { spec } = productOf(csr(9, 20, 3), { walks: 'rows' });
    expect(deviceOf(tuning).accepts(spec)).toBe(false);
  });
});

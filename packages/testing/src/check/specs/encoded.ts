/** Random products with encoded matrices, over small whole numbers, so that every sum is exact. */
import type { Access, Device, DType, EncodedLayout, EncodedMatmulSpec, EncodedSettings } from '@espalier/tensor';
import fc from 'fast-check';
import { anyInteger, anyNumbers, drawContents, drawLimits, rowMajor, SpecCase, zeros } from './case.ts';

/** A matrix: its settings, and the arrays of its layout in order. */
interface DrawnMatrix {
  readonly settings: EncodedSettings;
  readonly arrays: readonly { readonly dtype: DType; readonly values: readonly number[] }[];
}

type Draw = fc.GeneratorValue;
type DrawLayout = (draw: Draw, rows: number, columns: number) => DrawnMatrix;

const scales = (draw: Draw, length: number): DrawnMatrix['arrays'][number] => ({
  dtype: 'f32',
  values: draw(anyNumbers, length, 1, 2),
});
const bytes = (draw: Draw, length: number, most = 255): DrawnMatrix['arrays'][number] => ({
  dtype: 'u8',
  values: draw(anyNumbers, length, 0, most),
});

/** The values of a sparse layout: f32, or codes with a scale for each row. */
function sparseValues(draw: Draw, count: number, rows: number): DrawnMatrix {
  const as = draw(fc.boolean) ? 'f32' : 'int8';
  const dtype = as === 'f32' ? 'f32' : 'i8';
  const values = { dtype, values: drawContents(draw, dtype, count) } as const;
  return { settings: { values: as }, arrays: as === 'f32' ? [values] : [values, scales(draw, rows)] };
}

/** For each row which of its places are taken, some rows none. */
function drawPresent(draw: Draw, rows: number, places: number): number[][] {
  return Array.from({ length: rows }, () => {
    const share = draw(anyInteger, 0, 4);
    const taken = draw(anyNumbers, places, 0, 4);
    return taken.flatMap((level, place) => (level < share ? [place] : []));
  });
}

function offsetsOf(present: readonly (readonly number[])[]): DrawnMatrix['arrays'][number] {
  const values = [0];
  for (const places of present) values.push((values.at(-1) ?? 0) + places.length);
  return { dtype: 'i32', values };
}

/** Codes of any bits, whatever they count from, with scales in whatever they are stored in. */
function drawGrouped(draw: Draw, rows: number, columns: number): DrawnMatrix {
  const group = [16, 32, 64, 128, 256][draw(anyInteger, 0, 4)] ?? 32;
  const groups = Math.ceil(columns / group);
  const from = (['centre', 'zeros', 'minima', 'table'] as const)[draw(anyInteger, 0, 3)] ?? 'centre';
  const anyScales = from === 'minima' ? (['f16', 'i8'] as const) : (['f32', 'f16', 'i8', 'e8'] as const);
  const kind = anyScales[draw(anyInteger, 0, anyScales.length - 1)] ?? 'f16';
  const bits = from === 'table' ? 4 : draw(anyInteger, 1, 8);
  const numbers = (least: number, most: number): DrawnMatrix['arrays'][number] => ({
    dtype: kind === 'e8' ? 'u8' : kind,
    values: draw(anyNumbers, rows * groups, least, most),
  });
  const steps = (): DrawnMatrix['arrays'][number] => ({
    dtype: 'f16',
    values: draw(anyNumbers, rows * Math.ceil((groups * group) / 256), 1, 2),
  });
  const rowBytes = Math.ceil((columns * bits) / 8);
  return {
    settings: {
      bits,
      group,
      zeros: from === 'zeros',
      minima: from === 'minima',
      table: from === 'table',
      scales: kind,
    },
    arrays: [
      bytes(draw, rows * rowBytes),
      kind === 'e8' ? numbers(128, 129) : numbers(1, 2),
      ...(from === 'zeros' ? [bytes(draw, rows * groups, 2 ** bits - 1)] : []),
      ...(from === 'minima' ? [numbers(-9, 9)] : []),
      ...(kind === 'i8' ? [steps()] : []),
      ...(kind === 'i8' && from === 'minima' ? [steps()] : []),
      ...(from === 'table' ? [{ dtype: 'i8' as const, values: drawContents(draw, 'i8', 16) }] : []),
    ],
  };
}

const draws: Readonly<Record<EncodedLayout, DrawLayout>> = {
  int8: (draw, rows, columns) => {
    const sharing = draw(fc.boolean) ? 'row' : 'matrix';
    return {
      settings: { scales: sharing },
      arrays: [
        { dtype: 'i8', values: drawContents(draw, 'i8', rows * columns) },
        scales(draw, sharing === 'row' ? rows : 1),
      ],
    };
  },
  int4: (draw, rows, columns) => {
    const group = [16, 32, 64][draw(anyInteger, 0, 2)] ?? 32;
    const groups = rows * Math.ceil(columns / group);
    const withZeros = draw(fc.boolean);
    return {
      settings: { group, zeros: withZeros },
      arrays: [
        bytes(draw, rows * Math.ceil(columns / 2)),
        scales(draw, groups),
        ...(withZeros ? [bytes(draw, groups, 15)] : []),
      ],
    };
  },
  'int-n': drawGrouped,
  codebook: (draw, rows, columns) => {
    const bits = draw(fc.boolean) ? 4 : 8;
    return {
      settings: { bits },
      arrays: [
        bytes(draw, rows * Math.ceil((columns * bits) / 8)),
        { dtype: 'f32', values: drawContents(draw, 'f32', 2 ** bits) },
      ],
    };
  },
  csr: (draw, rows, columns) => {
    const present = drawPresent(draw, rows, columns);
    const places = present.flat();
    const columnBytes = [1, 2, 4][draw(anyInteger, columns > 256 ? 1 : 0, 2)] ?? 4;
    const values = sparseValues(draw, places.length, rows);
    return {
      settings: { ...values.settings, columnBytes },
      arrays: [
        offsetsOf(present),
        {
          dtype: columnBytes === 4 ? 'i32' : 'u8',
          values: columnBytes === 2 ? places.flatMap((place) => [place & 255, place >> 8]) : places,
        },
        ...values.arrays,
      ],
    };
  },
  bitmask: (draw, rows, columns) => {
    const present = drawPresent(draw, rows, columns);
    const bits = present.flatMap((places) => {
      const row = zeros(Math.ceil(columns / 8));
      for (const place of places) row[place >> 3] = (row[place >> 3] ?? 0) | (1 << (place & 7));
      return row;
    });
    const values = sparseValues(draw, present.flat().length, rows);
    return { settings: values.settings, arrays: [offsetsOf(present), { dtype: 'u8', values: bits }, ...values.arrays] };
  },
  'n-of-m': (draw, rows, columns) => {
    const m = [4, 8, 16][draw(anyInteger, 0, 2)] ?? 4;
    const n = draw(anyInteger, 1, Math.min(m, 4));
    const bits = m <= 4 ? 2 : 4;
    const kept = Math.ceil(columns / m) * n;
    const places = Array.from({ length: rows }, () => {
      const row = zeros(Math.ceil((kept * bits) / 8));
      const drawn = draw(anyNumbers, kept, 0, m - 1);
      for (const [entry, place] of drawn.entries()) {
        // The last group may be shorter.
        const inside = Math.min(place, columns - Math.floor(entry / n) * m - 1);
        const at = entry * bits;
        row[at >> 3] = (row[at >> 3] ?? 0) | (inside << (at & 7));
      }
      return row;
    }).flat();
    const values = sparseValues(draw, rows * kept, rows);
    return { settings: { ...values.settings, n, m }, arrays: [{ dtype: 'u8', values: places }, ...values.arrays] };
  },
  blocks: (draw, rows, columns) => {
    const [height, width] = [[1, 4, 8][draw(anyInteger, 0, 2)] ?? 4, [1, 4, 16][draw(anyInteger, 0, 2)] ?? 4];
    const present = drawPresent(draw, Math.ceil(rows / height), Math.ceil(columns / width));
    const places = present.flat();
    const values = sparseValues(draw, places.length * height * width, rows);
    return {
      settings: { ...values.settings, height, width },
      arrays: [offsetsOf(present), { dtype: 'i32', values: places }, ...values.arrays],
    };
  },
};

const layouts = Object.keys(draws) as EncodedLayout[];

/** How large matrices are at most: small ones as a rule, and some with rows of several steps of scales. */
const mostSizes = [
  [20, 20],
  [20, 20],
  [150, 150],
  [5, 700],
] as const;

/** A product with a matrix in any layout, x strided, with an epilogue where the device takes one. */
export function drawEncodedMatmul(draw: fc.GeneratorValue, device: Device): SpecCase {
  const layout = layouts[draw(anyInteger, 0, layouts.length - 1)] ?? 'int8';
  const [mostRows, mostColumns] = mostSizes[draw(anyInteger, 0, mostSizes.length - 1)] ?? [20, 20];
  const [rows, columns] = [draw(anyInteger, 1, mostRows), draw(anyInteger, 1, mostColumns)];
  const m = draw(anyInteger, 0, 3) === 3 ? draw(anyInteger, 1, 70) : draw(anyInteger, 1, 4);
  const walks = draw(fc.boolean) ? 'columns' : 'rows';
  const [depth, width] = walks === 'columns' ? [columns, rows] : [rows, columns];
  const matrix = draws[layout](draw, rows, columns);
  const offset = draw(anyInteger, 0, 2);
  const x: Access = { binding: 0, offset, strides: draw(fc.boolean) ? [depth, 1] : [1, m] };
  const mayBeCodes = draw(fc.boolean);
  const bounds = drawLimits(draw, [m], matrix.arrays.length + 1);
  const product = {
    kind: 'encoded-matmul',
    layout,
    settings: matrix.settings,
    rows,
    columns,
    walks,
    m,
    activations: 'f32',
    x,
    parts: matrix.arrays.map((_, part) => part + 1),
    ...(bounds.limits.length > 0 && { limits: bounds.limits }),
  } as const;
  const contents = [
    drawContents(draw, 'f32', offset + m * depth),
    ...matrix.arrays.map(({ values }) => values),
    ...bounds.contents,
  ];
  const arrays = matrix.arrays.map(({ dtype }) => ({ dtype, access: 'read' }) as const);
  const read = [{ dtype: 'f32', access: 'read' } as const, ...arrays, ...bounds.bindings];
  const write = { dtype: 'f32', access: 'write' } as const;
  const next = contents.length;
  const spec: EncodedMatmulSpec = {
    ...product,
    bindings: [...read, { dtype: 'f32', access: 'read' }, write],
    epilogue: [
      { kind: 'accumulator', dtype: 'f32' },
      { kind: 'load', access: { binding: next, offset: 0, strides: [0, 1] }, dtype: 'f32' },
      { kind: 'scalar', op: 'max', args: [0, 1], dtype: 'f32' },
      {
        kind: 'store',
        access: { binding: next + 1, offset: 0, strides: rowMajor([m, width]) },
        arg: 2,
        each: 'row',
      },
    ],
  };
  if (draw(fc.boolean) && device.accepts(spec))
    return new SpecCase(spec, [...contents, drawContents(draw, 'f32', width), zeros(m * width)]);
  const out: Access = { binding: next, offset: 0, strides: rowMajor([m, width]) };
  const ofCodes: EncodedMatmulSpec = {
    ...product,
    activations: 'codes',
    bindings: [{ dtype: 'i8', access: 'read' }, ...arrays, ...bounds.bindings, write],
    out,
  };
  const plain: EncodedMatmulSpec = { ...product, bindings: [...read, write], out };
  return new SpecCase(mayBeCodes && device.accepts(ofCodes) ? ofCodes : plain, [...contents, zeros(m * width)]);
}

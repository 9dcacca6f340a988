/** Products with matrices in a format: values that the format holds exactly, so that every engine yields the same. */
import { at, type Problem } from '../problem.ts';
import { stream, type Stream } from '../random.ts';
import type { Row } from '../row.ts';

/** Columns that share a scale of `int4`, and rows and columns of a block. */
export const [groupSize, blockSize] = [32, 16];
/** Of `csr` and `blocks`. */
const shareThere = 0.1;

/** Formats of rows, by what `encodedFormats` are numbered with. */
export const encodedFormats = ['int8', 'int4', 'csr', '2of4', 'blocks'] as const;
type Format = (typeof encodedFormats)[number];

/** How an element is drawn. */
const draws: Readonly<Record<Format, (next: Stream, size: number) => (row: number, column: number) => number>> = {
  // The first of a row has the largest code, so that its scale is what it was drawn with.
  int8: (next) => (_, column) => (column === 0 ? 127 : Math.round(next() * 254 - 127)) / 1024,
  int4: (next) => (_, column) => (column % groupSize === 0 ? 7 : Math.round(next() * 14 - 7)) / 64,
  csr: (next) => () => (next() < shareThere ? next() - 0.5 : 0),
  '2of4': (next) => {
    let there = [0, 1];
    return (_, column) => {
      if (column % 4 === 0) {
        const first = Math.floor(next() * 4);
        there = [first, (first + 1 + Math.floor(next() * 3)) % 4];
      }
      return there.includes(column % 4) ? next() - 0.5 : 0;
    };
  },
  blocks: (next, size) => {
    const across = Math.ceil(size / blockSize);
    const there = Uint8Array.from({ length: across ** 2 }, () => (next() < shareThere ? 1 : 0));
    return (row, column) =>
      there[Math.floor(row / blockSize) * across + Math.floor(column / blockSize)] === 1 ? next() - 0.5 : 0;
  },
};

/** x [rows, size] times the transpose of a matrix [size, size]. */
interface Encoded {
  readonly format: Format;
  readonly size: number;
  readonly rows: number;
  /** Whether x is rounded to 8 bits too: it then holds codes. */
  readonly rounded?: boolean;
  /** Bytes of equal matrices that are multiplied with in turns, at least: more than caches hold. */
  readonly apart?: number;
}

function encoded({ format, size, rows, rounded = false, apart = 0 }: Encoded): Problem {
  const next = stream(size + rows);
  const draw = draws[format](next, size);
  const weight = Float32Array.from({ length: size * size }, (_, index) => draw(Math.floor(index / size), index % size));
  const x = Float32Array.from({ length: rows * size }, (_, index) => {
    if (!rounded) return next() - 0.5;
    return index % size === 0 ? 127 : Math.round(next() * 254 - 127);
  });
  const element = (column: number): number => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += at(x, k) * at(weight, column * size + k);
    return sum;
  };
  return {
    op: 'encoded',
    operands: [
      { shape: [rows, size], values: x },
      { shape: [size, size], values: weight },
    ],
    settings: { format: encodedFormats.indexOf(format), rounded: Number(rounded), apart },
    expected: () => new Map([2, size >> 1, size - 1].map((column) => [column, element(column)])),
    // Engines that round x for the whole matrix, from 0 to 255, round it otherwise.
    tolerance: rounded ? 0.05 : 1e-4,
  };
}

/** What onnxruntime has a kernel for. */
const ortHas = ({ format, rounded = false, apart = 0 }: Encoded): boolean =>
  apart === 0 && (rounded ? format === 'int8' : format === 'int4');

const row = (name: string, problem: Encoded): Row => ({
  name,
  sizes: `[${problem.rows}, ${problem.size}] · [${problem.size}, ${problem.size}] in a format${problem.rounded ? ', x rounded' : ''}`,
  problem: () => encoded(problem),
  targets: ortHas(problem) ? { js: 0 } : {},
  peers: ['espalier-dense'],
});

/** Products with matrices in a format, beside our dense product. */
export const encodedRows: readonly Row[] = [
  row('int8-matmul-1024', { format: 'int8', size: 1024, rows: 1024, rounded: true }),
  ...encodedFormats.flatMap((format) =>
    [1024, 4096].flatMap((size) =>
      [1, 64].map((rows) => row(`${format}-${rows === 1 ? 'matvec' : `x${rows}`}-${size}`, { format, size, rows })),
    ),
  ),
  // One row of x with matrices that no cache holds, as those of a large model are.
  ...encodedFormats
    .filter((format) => format !== 'blocks')
    .map((format) => row(`${format}-matvec-4096-memory`, { format, size: 4096, rows: 1, apart: 2 ** 29 })),
];

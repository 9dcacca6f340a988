/** Products with matrices in a format: values that the format holds exactly, so that every engine yields the same. */

/** @typedef {'int8' | 'int4' | 'csr' | '2of4' | 'blocks'} EncodedFormat */
/**
 * @typedef {object} Encoded x [rows, size] times the transpose of weight [size, size]
 * @property {EncodedFormat} format
 * @property {'f32' | 'int8'} activations
 * @property {number} size
 * @property {number} rows
 * @property {Float32Array} weight
 * @property {Float32Array} x
 * @property {number} apart bytes of equal matrices that are multiplied with in turns, at least: more than caches hold, for
 *   matrices that come from memory; 0 for one
 * @property {number} tolerance relative
 * @property {number} itemsPerStep
 * @property {string} unit
 */

/** Columns that share a scale of `int4`, and rows and columns of a block. */
export const [groupSize, blockSize] = [32, 16];
/** Of `csr` and `blocks`. */
const shareThere = 0.1;

/**
 * How an element is drawn.
 *
 * @type {Readonly<Record<EncodedFormat, (next: () => number, size: number) => (row: number, column: number) => number>>}
 */
const draws = {
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

/**
 * @param {() => number} next
 * @param {EncodedFormat} format
 * @param {number} size
 * @param {number} rows
 * @param {'f32' | 'int8'} activations `int8` where x is rounded too: it then holds codes
 * @param {number} apart
 * @returns {Encoded}
 */
export function encodedProblem(next, format, size, rows, activations, apart) {
  const draw = draws[format](next, size);
  const weight = Float32Array.from({ length: size * size }, (_, index) => draw(Math.floor(index / size), index % size));
  const entry = activations === 'int8' ? () => Math.round(next() * 254 - 127) : () => next() - 0.5;
  const x = Float32Array.from({ length: rows * size }, (_, index) =>
    activations === 'int8' && index % size === 0 ? 127 : entry(),
  );
  return {
    format,
    activations,
    size,
    rows,
    weight,
    x,
    apart,
    // Engines that round x for the whole matrix, from 0 to 255, round it otherwise.
    tolerance: activations === 'int8' ? 0.05 : 1e-4,
    itemsPerStep: (2 * rows * size ** 2) / 1e9,
    unit: 'GFLOP/s',
  };
}

/**
 * The element of row 0 and column 2 of the result, in doubles.
 *
 * @param {Encoded} problem
 */
export function encodedElement({ size, weight, x }) {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += (x[k] ?? 0) * (weight[2 * size + k] ?? 0);
  return sum;
}

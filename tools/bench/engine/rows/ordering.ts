/** Ops that move, order and look up elements: copies, sorts, pooling, running sums, gathering and scattering. */
import { at, type Operand, type Problem } from '../problem.ts';
import { expectedAt, indices, places, stream, uniform } from '../random.ts';
import type { Row } from '../row.ts';

const targets = { js: 1.1, native: 0, f16: 1 / 1.1, threads: 1.6 };
const [height, width] = [4096, 1024];

const lines = (x: Operand<Float32Array>, line: number): Float32Array =>
  x.values.subarray(line * width, (line + 1) * width);

function transpose(): Problem {
  const side = 2048;
  const x = uniform(stream(side), [side, side]);
  return {
    op: 'transpose',
    operands: [x],
    settings: {},
    expected: () => expectedAt(side ** 2, (index) => at(x.values, (index % side) * side + Math.floor(index / side))),
  };
}

function sort(): Problem {
  const x = uniform(stream(1), [height, width], -4, 4);
  return {
    op: 'sort',
    operands: [x],
    settings: {},
    expected: () =>
      expectedAt(height * width, (index) => at(lines(x, Math.floor(index / width)).toSorted(), index % width)),
  };
}

function argmax(): Problem {
  const x = uniform(stream(2), [height, width], -4, 4);
  const largest = (row: number): number => {
    const values = lines(x, row);
    return values.indexOf(Math.max(...values));
  };
  return { op: 'argmax', operands: [x], settings: {}, expected: () => expectedAt(height, largest) };
}

function cumsum(): Problem {
  const x = uniform(stream(3), [height, width]);
  const total = (index: number): number =>
    lines(x, Math.floor(index / width))
      .subarray(0, (index % width) + 1)
      .reduce((sum, value) => sum + value, 0);
  return { op: 'cumsum', operands: [x], settings: {}, expected: () => expectedAt(height * width, total) };
}

function maxPool(): Problem {
  const [planes, side] = [8 * 64, 64];
  const half = side / 2;
  const x = uniform(stream(4), [8, 64, side, side]);
  const largest = (index: number): number => {
    const plane = Math.floor(index / half ** 2);
    const corner = (plane * side + 2 * (Math.floor(index / half) % half)) * side + 2 * (index % half);
    return Math.max(...[0, 1, side, side + 1].map((offset) => at(x.values, corner + offset)));
  };
  return { op: 'max-pool', operands: [x], settings: {}, expected: () => expectedAt(planes * half ** 2, largest) };
}

const [rows, columns, lookups] = [32_000, 512, 4096];

function gather(): Problem {
  const next = stream(5);
  const table = uniform(next, [rows, columns]);
  const index = indices(next, [lookups], rows);
  const element = (place: number): number =>
    at(table.values, at(index.values, Math.floor(place / columns)) * columns + (place % columns));
  return {
    op: 'gather',
    operands: [table, index],
    settings: {},
    expected: () => expectedAt(lookups * columns, element),
  };
}

/** What the gradient of a lookup does: zeros, to which rows are added. */
function scatterAdd(): Problem {
  const next = stream(6);
  const index = indices(next, [lookups], rows);
  const source = uniform(next, [lookups, columns]);
  const element = (place: number): number =>
    index.values.reduce<number>(
      (sum, row, line) =>
        row === Math.floor(place / columns) ? sum + at(source.values, line * columns + (place % columns)) : sum,
      0,
    );
  const touched = places(lookups).map((line) => at(index.values, line) * columns + 7);
  return {
    op: 'scatter-add',
    operands: [index, source],
    settings: { rows, columns },
    expected: () => new Map([...places(rows * columns), ...touched].map((place) => [place, element(place)])),
  };
}

const sizes = `${height}×${width}`;

/** Ops that move, order and look up. */
export const orderingRows: readonly Row[] = [
  { name: 'transpose', sizes: '2048×2048, copied', problem: transpose, targets },
  { name: 'sort', sizes: `rows of ${sizes}`, problem: sort, targets },
  { name: 'argmax', sizes: `rows of ${sizes}`, problem: argmax, targets },
  { name: 'max-pool', sizes: '8×64×64×64, 2×2', problem: maxPool, targets },
  { name: 'cumsum', sizes: `rows of ${sizes}`, problem: cumsum, targets },
  { name: 'gather', sizes: '4096 rows of 32000×512', problem: gather, targets },
  { name: 'scatter-add', sizes: '4096 rows into 32000×512 of zeros', problem: scatterAdd, targets },
];

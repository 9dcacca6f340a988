/** Block-sparse rows: the rectangles of a matrix that are there, with all that is in them. */
import { ruleOf, type Rule } from '../../arguments/rules.ts';
import { arange, zeros } from '../../functions/create.ts';
import type { EncodedSettings } from '../../kernel/spec.ts';
import { ofNothing } from '../../tensor/empty.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { array, flawOfArray, flawOfSetting, named } from '../arrays.ts';
import type { EncodedArrays, EncodedArray, MatrixFormat, MatrixShape } from '../format.ts';
import { quantizeRows } from '../quantize.ts';
import {
  findEntries,
  flawOfColumns,
  flawOfOffsets,
  flawOfValues,
  maskOf,
  rangesOf,
  rowOfEntry,
  scaledValues,
  sparseOptions,
  valueNames,
  type SparseOptions,
} from '../sparse.ts';

/** Options of `blockSparse`. */
export interface BlockSparseOptions extends SparseOptions {
  /** Rows of a block. Default: 4. */
  readonly height?: number;
  /** Columns of a block. Default: 4. */
  readonly width?: number;
}

const aSide: Rule<number> = ruleOf(
  'an integer from 1 to 256',
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 256,
);

/** How large blocks are, and how many there are across a matrix and down. */
interface Grid {
  readonly height: number;
  readonly width: number;
  readonly down: number;
  readonly across: number;
}

function gridOf(height: number, width: number, [rows, columns]: MatrixShape): Grid {
  return { height, width, down: Math.ceil(rows / height), across: Math.ceil(columns / width) };
}

/**
 * The blocks in which anything is there, by rows of blocks. `offsets`: i32 [block rows + 1], block row b has the blocks
 * offsets[b] up to offsets[b + 1]; `columns`: i32 [blocks], the block column of each, ascending within a block row; `values`:
 * f32 [blocks, height, width], or i8 with `scales` f32 [rows]. What of the last blocks lies past the matrix is 0.
 */
export const blockSparse: MatrixFormat<BlockSparseOptions> = {
  name: 'blocks',
  layout: 'blocks',
  arrays: (settings) => ['offsets', 'columns', ...valueNames(settings)],
  kept: 'values',
  options: { ...sparseOptions, height: aSide, width: aSide },
  encode: (dense, shape, { height = 4, width = 4, present, values = 'f32' }) => {
    const grid = gridOf(height, width, shape);
    const mask = maskOf('blocks', dense, shape, present);
    const there = dense.map((value, index) => (mask[index] === 0 ? 0 : value));
    const found = blocksOf(mask, shape, grid);
    return {
      settings: { values, height, width },
      arrays: {
        offsets: array('i32', [grid.down + 1], found.offsets),
        columns: array('i32', [found.columns.length], found.columns),
        ...valuesOf(there, shape, grid, found, values),
      },
    };
  },
  flaw: ({ settings, arrays }, shape) => {
    const wrong = flawOfSetting(settings, 'height', aSide) ?? flawOfSetting(settings, 'width', aSide);
    if (wrong !== undefined) return wrong;
    const grid = gridOf(Number(settings['height']), Number(settings['width']), shape);
    const [offsets, columns] = [named(arrays, 'offsets'), named(arrays, 'columns')];
    const blocks = columns.data.length;
    return (
      flawOfOffsets(offsets, grid.down, blocks) ??
      flawOfArray('columns', columns, 'i32', [blocks]) ??
      flawOfColumns('block row', columns.data, offsets, grid.across) ??
      flawOfValues(settings, arrays, shape[0], [blocks, grid.height, grid.width]) ??
      flawOfEdges(arrays, shape, grid)
    );
  },
  expand: (arrays, settings, shape) => {
    const [rows, columns] = shape;
    const { height, width, down, across } = gridOf(Number(settings['height']), Number(settings['width']), shape);
    const [values, offsets] = [named(arrays, 'values'), named(arrays, 'offsets')];
    const blocks = values.shape[0] as number;
    if (values.size === 0) return ofNothing(zeros([rows, columns], { device: offsets.device }), Object.values(arrays));
    const place = rowOfEntry(offsets, blocks).mul(across).add(named(arrays, 'columns'));
    return scaledBlocks(arrays, settings, shape)
      .scatterSlices(place, 0, [down * across, height, width])
      .reshape([down, across, height, width])
      .permute(0, 2, 1, 3)
      .reshape([down * height, across * width])
      .slice([], [rows, columns]);
  },
  take: (arrays, settings, shape, indices) => {
    const { height, width, across } = gridOf(Number(settings['height']), Number(settings['width']), shape);
    const [values, offsets] = [named(arrays, 'values'), named(arrays, 'offsets')];
    const blocks = values.shape[0] as number;
    if (values.size === 0)
      return ofNothing(zeros([indices.size, shape[1]], { device: indices.device }), Object.values(arrays));
    const range = rangesOf(offsets, indices.floorDivide(height));
    const { place, isThere } = findEntries(range, across, blocks, (places) => named(arrays, 'columns').take(places));
    const rows = values
      .reshape([blocks * height, width])
      .take(place.mul(height).add(indices.remainder(height).unsqueeze(1)));
    return scaledValues(rows, arrays, settings, (scales) => scales.take(indices).reshape([-1, 1, 1]))
      .where(isThere.unsqueeze(2), 0)
      .reshape([indices.size, across * width])
      .slice([], [indices.size, shape[1]]);
  },
};

/** The values of blocks, f32 [blocks, height, width]. */
function scaledBlocks(
  arrays: Readonly<Record<string, Tensor>>,
  settings: EncodedSettings,
  [rows]: MatrixShape,
): Tensor {
  const values = named(arrays, 'values');
  const [blocks = 0, height = 0] = values.shape;
  return scaledValues(values, arrays, settings, (scales) => {
    const row = rowOfEntry(named(arrays, 'offsets'), blocks)
      .mul(height)
      .unsqueeze(1)
      .add(arange(0, height, 1, { dtype: 'i32', device: values.device }));
    // What sticks out of the matrix below is 0 with any scale.
    return scales.take(row.minimum(rows - 1)).unsqueeze(2);
  });
}

/** Where blocks are: see `blockSparse`. */
interface Found {
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly columns: Int32Array<ArrayBuffer>;
}

function blocksOf(mask: ArrayLike<number>, [rows, columns]: MatrixShape, { height, width, down, across }: Grid): Found {
  const offsets = new Int32Array(down + 1);
  const taken: number[] = [];
  for (let blockRow = 0; blockRow < down; blockRow++) {
    const isThere = new Uint8Array(across);
    for (let row = blockRow * height; row < Math.min(rows, (blockRow + 1) * height); row++)
      for (let column = 0; column < columns; column++)
        if (mask[row * columns + column] !== 0) isThere[Math.floor(column / width)] = 1;
    for (const [block, there] of isThere.entries()) if (there === 1) taken.push(block);
    offsets[blockRow + 1] = taken.length;
  }
  return { offsets, columns: Int32Array.from(taken) };
}

/** Calls `each` with the position of every element of every block, and where it lies in the matrix, if it does. */
function forEachElement(
  { offsets, columns }: { readonly offsets: ArrayLike<number>; readonly columns: ArrayLike<number> },
  [rows, count]: MatrixShape,
  { height, width, down }: Grid,
  each: (position: number, element: number | undefined) => void,
): void {
  let position = 0;
  for (let blockRow = 0; blockRow < down; blockRow++)
    for (let block = offsets[blockRow] as number; block < (offsets[blockRow + 1] as number); block++)
      for (let inside = 0; inside < height * width; inside++) {
        const row = blockRow * height + Math.floor(inside / width);
        const column = (columns[block] as number) * width + (inside % width);
        each(position++, row < rows && column < count ? row * count + column : undefined);
      }
}

function valuesOf(
  dense: Float32Array<ArrayBuffer>,
  shape: MatrixShape,
  grid: Grid,
  found: Found,
  as: 'f32' | 'int8',
): EncodedArrays {
  const sizes = [found.columns.length, grid.height, grid.width];
  const count = found.columns.length * grid.height * grid.width;
  const gathered = <T extends Float32Array | Int8Array>(from: T, into: T): T => {
    forEachElement(found, shape, grid, (position, element) => {
      if (element !== undefined) into[position] = from[element] as number;
    });
    return into;
  };
  if (as === 'f32') return { values: array('f32', sizes, gathered(dense, new Float32Array(count))) };
  const runs = Int32Array.from({ length: shape[0] + 1 }, (_, row) => row * shape[1]);
  const { codes, scales } = quantizeRows('blocks', dense, runs);
  return {
    values: array('i8', sizes, gathered(codes, new Int8Array(count))),
    scales: array('f32', [scales.length], scales),
  };
}

/** What is wrong with values past the edges of the matrix, where there is nothing. */
function flawOfEdges(arrays: EncodedArrays, shape: MatrixShape, grid: Grid): string | undefined {
  const data = (name: string): EncodedArray['data'] => named(arrays, name).data;
  const values = data('values');
  let wrong: number | undefined;
  forEachElement({ offsets: data('offsets'), columns: data('columns') }, shape, grid, (position, element) => {
    if (element === undefined && values[position] !== 0) wrong ??= position;
  });
  return wrong === undefined
    ? undefined
    : `element ${wrong} of values is ${values[wrong]}; it lies past the edge of the matrix, where all is 0`;
}

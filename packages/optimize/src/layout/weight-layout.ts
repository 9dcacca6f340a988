/** The layouts a weight can be stored in, and the choice among them. */
import { FormatError, type RawTensor } from '@espalier/nn';
import { sizeOf, type Shape } from '@espalier/tensor';
import { showShape } from '@espalier/tensor/arguments';
import { bitmaskRowBytes, decodeBitmask, encodeBitmask, nonZero, type SparseWeights, type Values } from './bitmask.ts';
import { columnIndexBytes, decodeCompressedRows, encodeCompressedRows } from './csr.ts';
import { countBits, packCodes, packedBytes, unpackCodes } from './packed-codes.ts';
import { store, unstore } from './stored-array.ts';

/** How the weights of a tensor are laid out in a file. */
export type LayoutName = 'dense' | 'bitmask' | 'csr';

/** A weight as a matrix: the first axis by everything else. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
}

/** Arrays by the ending that is added to the parameter's name. */
export type NamedArrays = ReadonlyMap<string, RawTensor>;

interface Layout {
  /** How many arrays it takes. */
  readonly arrays: number;
  /** Bytes of the arrays for `present` weights of `valueBits` each. */
  readonly bytes: (matrix: Matrix, present: number, valueBits: number) => number;
  /** The array of the values. */
  readonly values: string;
  /** How many values there are, as the other arrays say. */
  readonly count: (matrix: Matrix, arrays: NamedArrays) => number;
  readonly encode: (weights: SparseWeights, shape: Shape, matrix: Matrix) => NamedArrays;
  /**
   * `name` is the parameter's, for errors.
   * @throws {FormatError} when the arrays do not fit together.
   */
  readonly decode: (
    name: string,
    arrays: NamedArrays,
    dtype: 'f32' | 'i8',
    shape: Shape,
    matrix: Matrix,
  ) => SparseWeights;
}

const layouts: Readonly<Record<LayoutName, Layout>> = {
  dense: {
    arrays: 1,
    bytes: ({ rows, columns }, _present, valueBits) => packedBytes(rows * columns, valueBits),
    values: '',
    count: ({ rows, columns }) => rows * columns,
    encode: ({ dense }, shape) => new Map([['', store(dense, shape)]]),
    decode: (name, arrays, dtype, shape) => {
      const array = arrays.get('');
      if (array && array.shape.join() !== shape.join()) {
        throw new FormatError(name, 0, `has the shape ${showShape(array.shape)}; it must have ${showShape(shape)}`);
      }
      const dense: Values = unstore(name, array, dtype);
      return { dense, present: nonZero(dense) };
    },
  },
  bitmask: {
    arrays: 2,
    bytes: ({ rows, columns }, present, valueBits) => rows * bitmaskRowBytes(columns) + packedBytes(present, valueBits),
    values: '_values',
    count: (_, arrays) => countBits(arrays.get('_bitmask')?.bytes ?? new Uint8Array()),
    encode: (weights, _shape, { rows, columns }) => {
      const { bits, values } = encodeBitmask(weights, rows, columns);
      return new Map([
        ['_values', store(values)],
        ['_bitmask', store(bits, [rows, bitmaskRowBytes(columns)])],
      ]);
    },
    decode: (name, arrays, dtype, _shape, { rows, columns }) => {
      const values: Values = unstore(`${name}_values`, arrays.get('_values'), dtype);
      return decodeBitmask({ bits: unstore(`${name}_bitmask`, arrays.get('_bitmask'), 'u8'), values }, rows, columns);
    },
  },
  csr: {
    arrays: 3,
    bytes: ({ rows, columns }, present, valueBits) =>
      (rows + 1) * 4 + present * columnIndexBytes(columns) + packedBytes(present, valueBits),
    values: '_values',
    count: (_, arrays) => sizeOf(arrays.get('_columns')?.shape ?? [0]),
    encode: (weights, _shape, { rows, columns }) => {
      const parts = encodeCompressedRows(weights, rows, columns);
      return new Map([
        ['_values', store(parts.values)],
        ['_columns', store(parts.columns)],
        ['_row_offsets', store(parts.offsets)],
      ]);
    },
    decode: (name, arrays, dtype, _shape, { rows, columns }) => {
      const values: Values = unstore(`${name}_values`, arrays.get('_values'), dtype);
      const indices = unstore(`${name}_columns`, arrays.get('_columns'), 'u8', 'u32');
      const offsets = unstore(`${name}_row_offsets`, arrays.get('_row_offsets'), 'u32');
      return decodeCompressedRows({ offsets, columns: indices, values }, rows, columns);
    },
  },
};

/** The names of the layouts, the simplest first. */
export const layoutNames: readonly LayoutName[] = Object.keys(layouts) as LayoutName[];

function matrixOf(shape: Shape): Matrix {
  const rows = shape[0] ?? 1;
  return { rows, columns: rows === 0 ? 0 : sizeOf(shape) / rows };
}

/** About what the name, the dtype and the shape of an array take in the header of a file. */
export const entryBytes = 80;

function layoutBytes(layout: LayoutName, shape: Shape, present: number, valueBits: number): number {
  const { arrays, bytes } = layouts[layout];
  return bytes(matrixOf(shape), present, valueBits) + arrays * entryBytes;
}

/**
 * The layout that takes the fewest bytes, of values of some bits; of equals, the simplest. A dense one is none where a weight that is there is 0: it
 * could not be told from one that is not.
 */
export function smallestLayout(shape: Shape, { dense, present }: SparseWeights, valueBits: number): LayoutName {
  const count = present.reduce((sum, each) => sum + each, 0);
  const isPlain = dense.every((value, index) => value !== 0 || present[index] === 0);
  const bytes = (layout: LayoutName): number => layoutBytes(layout, shape, count, valueBits);
  const ordered = layoutNames.filter((layout) => layout !== 'dense' || isPlain).toSorted((a, b) => bytes(a) - bytes(b));
  return ordered[0] as LayoutName;
}

/** The arrays that hold a weight in a layout. */
export function encodeLayout(layout: LayoutName, weights: SparseWeights, shape: Shape): NamedArrays {
  return layouts[layout].encode(weights, shape, matrixOf(shape));
}

/** The arrays with codes of fewer than 8 bits one behind the other. */
export function packLayout(layout: LayoutName, arrays: NamedArrays, bits: number): NamedArrays {
  const { values } = layouts[layout];
  if (bits === 8) return arrays;
  return new Map(arrays).set(values, store(packCodes(unstore(values, arrays.get(values), 'i8'), bits)));
}

/** The ending of the codes of a layout, and how many there are. */
export function codesIn(layout: LayoutName, shape: Shape, arrays: NamedArrays): readonly [string, number] {
  const { values, count } = layouts[layout];
  return [values, count(matrixOf(shape), arrays)];
}

/**
 * The arrays with codes of a byte each.
 * @throws {FormatError} naming the array, where there are too few or too many.
 */
export function unpackLayout(
  layout: LayoutName,
  name: string,
  arrays: NamedArrays,
  shape: Shape,
  bits: number,
): NamedArrays {
  if (bits === 8) return arrays;
  const { values, count } = layouts[layout];
  const packed = unstore(`${name}${values}`, arrays.get(values), 'u8');
  const codes = count(matrixOf(shape), arrays);
  if (packed.length !== packedBytes(codes, bits))
    throw new FormatError(
      `${name}${values}`,
      0,
      `has ${packed.length} bytes; ${codes} codes of ${bits} bits take ${packedBytes(codes, bits)}`,
    );
  return new Map(arrays).set(values, store(unpackCodes(packed, codes, bits), values === '' ? shape : [codes]));
}

/**
 * The weights that the arrays hold, row-major.
 * @throws {FormatError} naming the array, when they do not fit together.
 */
export function decodeLayout(
  layout: LayoutName,
  name: string,
  arrays: NamedArrays,
  dtype: 'f32' | 'i8',
  shape: Shape,
): SparseWeights {
  return layouts[layout].decode(name, arrays, dtype, shape, matrixOf(shape));
}

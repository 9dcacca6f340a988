/** What saved quantized weights have in common: whole codes, with a scale and a zero point for a group of columns. */
import {
  ArgumentError,
  int4,
  intN,
  matrixFromArrays,
  type EncodedMatrix,
  type EncodedSettings,
  type StoredFormat,
} from '@espalier/tensor';
import { show } from '@espalier/tensor/arguments';
import type { ReadTensorOptions } from '../tensors/read-tensor.ts';

/** A matrix [rows, columns], an output in each row, as `nn.Linear` has it: (code - zero) · scale. */
export interface CodedWeight {
  readonly shape: readonly [rows: number, columns: number];
  /** 1 to 8. */
  readonly bits: number;
  /** Columns of a group; the last may be shorter. */
  readonly group: number;
  /** [rows, columns], from 0 to 2^bits - 1. */
  readonly codes: Uint8Array;
  /** [rows, groups] */
  readonly scales: Float32Array;
  /** [rows, groups]; 2^(bits - 1) for all where there are none. */
  readonly zeros?: Uint8Array | undefined;
  /** The group of each column, where they do not lie side by side. */
  readonly groupOf?: Int32Array | undefined;
}

/**
 * How many columns a configuration says a group has; -1: all.
 * @throws {ArgumentError} for what is no number of columns.
 */
export function groupSize(method: string, value: unknown): number {
  if (value === -1 || (Number.isSafeInteger(value) && (value as number) > 0)) return value as number;
  throw new ArgumentError(method, `group_size is ${show(value)}; it must be a number of columns, or -1 for all`);
}

/** The values, row by row. */
export function decodeWeight({
  shape,
  bits,
  group,
  codes,
  scales,
  zeros,
  groupOf,
}: CodedWeight): Float32Array<ArrayBuffer> {
  const [rows, columns] = shape;
  const groups = Math.ceil(columns / group);
  const centre = 2 ** (bits - 1);
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const place = row * groups + (groupOf?.[column] ?? Math.floor(column / group));
      const at = row * columns + column;
      values[at] = ((codes[at] as number) - (zeros?.[place] ?? centre)) * (scales[place] as number);
    }
  return values;
}

/** Codes, the lowest bits first, each row with bytes of its own. */
function packRows(codes: Uint8Array, [rows, columns]: CodedWeight['shape'], bits: number): Uint8Array<ArrayBuffer> {
  const bytes = Math.ceil((columns * bits) / 8);
  const data = new Uint8Array(rows * bytes);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = row * bytes + ((column * bits) >> 3);
      const placed = (codes[row * columns + column] as number) << ((column * bits) & 7);
      data[at] = (data[at] as number) | (placed & 255);
      if (placed > 255) data[at + 1] = (data[at + 1] as number) | (placed >> 8);
    }
  return data;
}

function unpackRows(data: Uint8Array, [rows, columns]: CodedWeight['shape'], bits: number): Uint8Array {
  const bytes = Math.ceil((columns * bits) / 8);
  const codes = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = row * bytes + ((column * bits) >> 3);
      const two = (data[at] as number) | ((data[at + 1] ?? 0) << 8);
      codes[row * columns + column] = (two >> ((column * bits) & 7)) & (2 ** bits - 1);
    }
  return codes;
}

/**
 * The same codes as a matrix of the engine: `int4` of 4 bits, `int-n` of any others.
 * @throws {ArgumentError} for groups that the engine has not: no power of two of at least 16, or columns out of order.
 */
export function matrixOfWeight(weight: CodedWeight, options: ReadTensorOptions = {}): EncodedMatrix {
  const { shape, bits, codes, scales, zeros, groupOf } = weight;
  const [rows, columns] = shape;
  if (groupOf)
    throw new ArgumentError(
      'matrixOfWeight',
      'the columns of a group do not lie side by side (act-order); decode it to floats',
    );
  // One scale for a row is one for a group that is wider.
  const group = weight.group >= columns ? 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, columns)))) : weight.group;
  const format: StoredFormat = bits === 4 ? int4 : intN;
  const settings: EncodedSettings = {
    group,
    zeros: zeros !== undefined,
    ...(bits !== 4 && { bits, scales: 'f32' }),
  };
  const groups = Math.ceil(columns / group);
  const packed = packRows(codes, shape, bits);
  return matrixFromArrays(
    format,
    shape,
    {
      settings,
      arrays: {
        codes: { dtype: 'u8', shape: [rows, Math.ceil((columns * bits) / 8)], data: packed },
        scales: { dtype: 'f32', shape: [rows, groups], data: scales },
        ...(zeros && { zeros: { dtype: 'u8' as const, shape: [rows, groups], data: zeros } }),
      },
    },
    options,
  );
}

/**
 * The codes of a matrix of the engine in `int4` or `int-n`.
 * @throws {ArgumentError} for a matrix of any other format, and for a transpose.
 */
export async function weightOfMatrix(matrix: EncodedMatrix): Promise<CodedWeight> {
  const { format, settings, arrays, shape } = matrix;
  if (matrix.isTransposed || (format.name !== 'int4' && format.name !== 'int-n'))
    throw new ArgumentError(
      'weightOfMatrix',
      `takes a matrix in int4 or int-n as it is stored, not ${matrix.toString()}`,
    );
  const bits = format.name === 'int4' ? 4 : Number(settings['bits']);
  if (bits === 1 && settings['zeros'] !== true)
    throw new ArgumentError(
      'weightOfMatrix',
      'codes of one bit without zero points are -1 and 1, which no saved layout has',
    );
  const [codes, scales, zeros] = await Promise.all([
    arrays['codes']?.bytes(),
    arrays['scales']?.data(),
    arrays['zeros']?.bytes(),
  ]);
  return {
    shape,
    bits,
    group: Math.min(Number(settings['group']), Math.max(1, shape[1])),
    codes: unpackRows(codes as Uint8Array, shape, bits),
    scales: Float32Array.from(scales as Float32Array),
    zeros,
  };
}

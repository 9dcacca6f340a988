/**
 * Blocks of weights as matrices in a format of the engine that means the same: Q4_0 is `int4`, Q5_0 and Q8_0 are `int-n` of 5
 * and 8 bits, all with a scale for 32 columns. Nothing is rounded on the way, in either direction.
 */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import {
  ArgumentError,
  dtypes,
  int4,
  intN,
  matrixFromArrays,
  type Device,
  type EncodedMatrix,
  type Encoding,
  type StoredFormat,
} from '@espalier/tensor';
import { aDevice, aText, check, checkOptions, show, showShape, type OptionRules } from '@espalier/tensor/arguments';
import { halfValues } from '../blocks/half.ts';
import { fileDType, type FileDType } from './dtypes.ts';
import { inPieces } from './pieces.ts';
import { entryOf, type ReadTensorOptions } from './read-tensor.ts';
import type { TensorSource, WrittenTensor } from './tensor-source.ts';

/** Weights of a block. */
const group = 32;

/** A type of block, and the format that means the same. */
interface Twin {
  readonly name: string;
  readonly bits: 4 | 5 | 8;
  readonly format: StoredFormat;
  readonly settings: Encoding['settings'];
  /** What scales are stored in. */
  readonly scales: 'f32' | 'f16';
}

const twins: readonly Twin[] = [
  { name: 'Q4_0', bits: 4, format: int4, settings: { group, zeros: false }, scales: 'f32' },
  { name: 'Q5_0', bits: 5, format: intN, settings: { bits: 5, group, zeros: false, scales: 'f16' }, scales: 'f16' },
  { name: 'Q8_0', bits: 8, format: intN, settings: { bits: 8, group, zeros: false, scales: 'f16' }, scales: 'f16' },
  { name: 'Q4_0', bits: 4, format: intN, settings: { bits: 4, group, zeros: false, scales: 'f16' }, scales: 'f16' },
];

/** Whether a tensor of a dtype and a shape can be read by `readMatrix`. */
export function isMatrixReadable(dtype: string, shape: readonly number[]): boolean {
  return shape.length === 2 && twins.some(({ name }) => name === dtype);
}

const readOptions: OptionRules<ReadTensorOptions> = { device: aDevice };

/**
 * A matrix of a file in its own bits: [rows, columns] in `int4` or `int-n`, which has the values that `readTensor` gives.
 * @throws {FormatError} naming the tensor: one that is not there, is no matrix, of a type that no format of the engine is equal
 * to, or with a scale that is not finite.
 */
export async function readMatrix(
  source: TensorSource,
  name: string,
  options: ReadTensorOptions = {},
): Promise<EncodedMatrix> {
  check('readMatrix', 'name', name, aText);
  const { device } = checkOptions('readMatrix', options, readOptions);
  const { dtype, shape, bytes } = entryOf(source, name);
  const twin = twins.find((each) => each.name === dtype);
  if (!twin || shape.length !== 2)
    throw new FormatError(
      source.name,
      0,
      `${showName(name)} is ${dtype} ${showShape(shape)}; matrices of ${[...new Set(twins.map((each) => each.name))].join(', ')} are kept in their bits: read it by readTensor`,
    );
  const [rows, columns] = shape as readonly [number, number];
  const groups = (rows * columns) / group;
  const codes = new Uint8Array(groups * 4 * twin.bits);
  const halves = new Uint16Array(groups);
  const step = (fileDType(dtype) as FileDType).bits / 8;
  let at = 0;
  for await (const piece of inPieces(bytes, step * 2 ** 16, (begin, end) => source.read(name, { begin, end })))
    for (let from = 0; from < piece.length; from += step, at++) {
      halves[at] = (piece[from] as number) | ((piece[from + 1] as number) << 8);
      unpack(twin, piece, from + 2, codes, at * 4 * twin.bits);
    }
  const scales =
    twin.scales === 'f16' ? halves : Float32Array.from(halves, (pattern) => halfValues()[pattern] as number);
  const encoding: Encoding = {
    settings: twin.settings,
    arrays: {
      codes: { dtype: 'u8', shape: [rows, (columns * twin.bits) / 8], data: codes },
      scales: { dtype: twin.scales, shape: [rows, columns / group], data: scales },
    },
  };
  return placed(source, name, twin, [rows, columns], encoding, device);
}

function placed(
  source: TensorSource,
  name: string,
  { format }: Twin,
  shape: readonly [number, number],
  encoding: Encoding,
  device: Device | undefined,
): EncodedMatrix {
  try {
    return matrixFromArrays(format, shape, encoding, device ? { device } : {});
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new FormatError(source.name, 0, `${showName(name)}: ${error.message}`);
  }
}

const block = new Uint8Array(group);

/** The codes of a block, which lie there as the type has them, one behind the other. */
function unpack({ bits }: Twin, bytes: Uint8Array, from: number, codes: Uint8Array, to: number): void {
  const low = bits === 5 ? from + 4 : from;
  for (let i = 0; i < group; i++) {
    // Of 8 bits with a sign in the file, around 128 here.
    if (bits === 8) block[i] = (bytes[from + i] as number) ^ 128;
    else block[i] = ((bytes[low + (i & 15)] as number) >> (i < 16 ? 0 : 4)) & 15;
    if (bits === 5) block[i] = (block[i] as number) | ((((bytes[from + (i >> 3)] as number) >> (i & 7)) & 1) << 4);
  }
  let [held, count] = [0, 0];
  for (let i = 0; i < group; i++) {
    held |= (block[i] as number) << count;
    count += bits;
    for (; count >= 8; count -= 8, held >>= 8) codes[to++] = held & 255;
  }
}

/** As `unpack`, the other way round. */
function pack({ bits }: Twin, codes: Uint8Array, from: number, bytes: Uint8Array, to: number): void {
  const low = bits === 5 ? to + 4 : to;
  let [held, count] = [0, 0];
  for (let i = 0; i < group; i++) {
    for (; count < bits; count += 8) held |= (codes[from++] as number) << count;
    const code = held & (2 ** bits - 1);
    held >>= bits;
    count -= bits;
    if (bits === 8) bytes[to + i] = code ^ 128;
    else bytes[low + (i & 15)] = (bytes[low + (i & 15)] as number) | ((code & 15) << (i < 16 ? 0 : 4));
    if (bits === 5) bytes[to + (i >> 3)] = (bytes[to + (i >> 3)] as number) | ((code >> 4) << (i & 7));
  }
}

/** Blocks of a matrix in a format that a type of block is equal to; undefined for any other. */
function twinOf({ format, settings }: EncodedMatrix): Twin | undefined {
  const wanted = Object.entries(settings);
  return twins.find(
    (twin) => twin.format.name === format.name && wanted.every(([key, value]) => twin.settings[key] === value),
  );
}

/** The type of block that a matrix of the engine can be written as; undefined where there is none. */
export function blockTypeOf(matrix: EncodedMatrix): string | undefined {
  return twinOf(matrix)?.name;
}

/**
 * A matrix in the bits that it has: `int4` with a scale for 32 columns as Q4_0, `int-n` as Q4_0, Q5_0 or Q8_0.
 * @throws {ArgumentError} for a matrix of any other format or group; as values are asked for, for a scale that 16 bits do not
 * hold.
 */
export function writtenMatrix(matrix: EncodedMatrix): WrittenTensor {
  const twin = twinOf(matrix);
  const [rows, columns] = matrix.shape;
  if (!twin || columns % group !== 0 || matrix.isTransposed)
    throw new ArgumentError(
      'writtenMatrix',
      `${matrix.toString()} is equal to no type of block; quantize to int4 or int-n of 4, 5 or 8 bits in groups of 32 columns, without zero points, and give it as it is stored, not transposed`,
    );
  const step = (fileDType(twin.name) as FileDType).bits / 8;
  return {
    dtype: twin.name,
    shape: [rows, columns],
    bytes: ((rows * columns) / group) * step,
    values: async function* values() {
      yield await packed(matrix, twin, step);
    },
  };
}

async function packed(matrix: EncodedMatrix, twin: Twin, step: number): Promise<Uint8Array<ArrayBuffer>> {
  const { codes: codeTensor, scales: scaleTensor } = matrix.arrays;
  const codes = (await codeTensor?.bytes()) ?? new Uint8Array(0);
  const scales = (await scaleTensor?.data()) ?? new Float32Array(0);
  const bytes = new Uint8Array(scales.length * step);
  for (const [index, scale] of scales.entries()) {
    const pattern = dtypes.f16.encode(scale);
    if (halfValues()[pattern] !== scale)
      throw new ArgumentError(
        'writtenMatrix',
        `a scale is ${show(scale)}, which 16 bits do not hold; quantize with scales of f16 (int-n), or write it as F32`,
      );
    bytes[index * step] = pattern & 255;
    bytes[index * step + 1] = pattern >> 8;
    pack(twin, codes, index * 4 * twin.bits, bytes, index * step + 2);
  }
  return bytes;
}

/**
 * Blocks of weights as matrices in `int-n`, which means the same: codes of each weight, and scales, minima and tables as the
 * blocks have them. Nothing is rounded on the way, in either direction.
 */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import {
  ArgumentError,
  dtypes,
  intN,
  matrixFromArrays,
  type Device,
  type EncodedMatrix,
  type Encoding,
} from '@espalier/tensor';
import { aDevice, aText, check, checkOptions, show, showShape, type OptionRules } from '@espalier/tensor/arguments';
import { halfValues } from '../blocks/half.ts';
import type { BlockParts } from '../blocks/parts.ts';
import { blockType, blockTypes } from '../blocks/table.ts';
import { fileDType, type FileDType } from './dtypes.ts';
import { inPieces } from './pieces.ts';
import { entryOf, type ReadTensorOptions } from './read-tensor.ts';
import { OpenArrays, type Kind, type Numbers } from './open-arrays.ts';
import { Rooms } from './rooms.ts';
import type { TensorSource, WrittenTensor } from './tensor-source.ts';

function kindOf(name: string): Kind | undefined {
  const type = blockType(name);
  if (!type) return undefined;
  const { elements, bits } = fileDType(name) as FileDType;
  return { name, parts: type.parts, elements, bytes: bits / 8 };
}

function settingsOf({ bits, group, scales, minima, table }: BlockParts): Encoding['settings'] {
  return { bits, group, zeros: false, scales, ...(minima && { minima }), ...(table && { table: true }) };
}

/** Whether a tensor of a dtype and a shape can be read by `readMatrix`. */
export function isMatrixReadable(dtype: string, shape: readonly number[]): boolean {
  return shape.length === 2 && blockType(dtype) !== undefined;
}

const readOptions: OptionRules<ReadTensorOptions> = { device: aDevice };

/** Blocks that are read at a time. */
const pieceBlocks = 2 ** 13;

/**
 * A matrix of a file in its own bits: [rows, columns] in `int-n`, which has the values that `readTensor` gives.
 * @throws {FormatError} naming the tensor: one that is not there, is no matrix, of a type that is no type of block, or with a
 * scale that is not finite.
 */
export async function readMatrix(
  source: TensorSource,
  name: string,
  options: ReadTensorOptions = {},
): Promise<EncodedMatrix> {
  check('readMatrix', 'name', name, aText);
  const { device } = checkOptions('readMatrix', options, readOptions);
  const { dtype, shape, bytes } = entryOf(source, name);
  const kind = kindOf(dtype);
  if (!kind || shape.length !== 2)
    throw new FormatError(
      source.name,
      0,
      `${showName(name)} is ${dtype} ${showShape(shape)}; matrices of ${blockTypes.join(', ')} are kept in their bits: read it by readTensor`,
    );
  const [rows, columns] = shape as readonly [number, number];
  const rooms = new Rooms();
  const arrays = new OpenArrays(kind, [rows, columns], rooms);
  // Two buffers in turn: one is taken apart while the next piece is read into the other.
  const size = Math.min(bytes, kind.bytes * pieceBlocks);
  const buffers = [rooms.take(size), rooms.take(Math.min(size, bytes - size))];
  const read = (begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
    source.read(name, { begin, end }, buffers[(begin / size) % 2]);
  for await (const piece of inPieces(bytes, size, read))
    for (let from = 0; from < piece.length; from += kind.bytes) arrays.unpack(piece, from);
  const encoding: Encoding = { settings: settingsOf(kind.parts), arrays: arrays.encoded() };
  const matrix = placed(source, name, [rows, columns], encoding, device);
  // Not where it failed: a piece may be on its way.
  rooms.free();
  return matrix;
}

function placed(
  source: TensorSource,
  name: string,
  shape: readonly [number, number],
  encoding: Encoding,
  device: Device | undefined,
): EncodedMatrix {
  try {
    return matrixFromArrays(intN, shape, encoding, device ? { device } : {});
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new FormatError(source.name, 0, `${showName(name)}: ${error.message}`);
  }
}

const kinds: readonly Kind[] = blockTypes.map((name) => kindOf(name) as Kind);
const settingNames = ['bits', 'group', 'zeros', 'minima', 'table', 'scales'] as const;

/** The type of block that a matrix is made of; undefined where there is none. `int4` has its scales in f32. */
function kindOfMatrix({ format, settings }: EncodedMatrix): Kind | undefined {
  const own: Encoding['settings'] =
    format.name === 'int4' ? { ...settings, bits: 4, scales: 'f16' } : format.name === intN.name ? settings : {};
  return kinds.find(({ parts }) => {
    const wanted = settingsOf(parts);
    return settingNames.every((name) => (own[name] ?? false) === (wanted[name] ?? false));
  });
}

/** The type of block that a matrix of the engine can be written as; undefined where there is none. */
export function blockTypeOf(matrix: EncodedMatrix): string | undefined {
  return kindOfMatrix(matrix)?.name;
}

/**
 * A matrix in the bits that it has: `int-n` with scales in f16 as Q4_0, Q4_1, Q5_0, Q5_1 or Q8_0, what `readMatrix` read as
 * what it was, and `int4` with a scale for 32 columns as Q4_0.
 * @throws {ArgumentError} for a matrix of any other format or group; as values are asked for, for scales that the type does not
 * hold, and for another table than its own.
 */
export function writtenMatrix(matrix: EncodedMatrix): WrittenTensor {
  const kind = kindOfMatrix(matrix);
  const [rows, columns] = matrix.shape;
  if (!kind || columns % kind.elements !== 0 || matrix.isTransposed)
    throw new ArgumentError(
      'writtenMatrix',
      `${matrix.toString()} is equal to no type of block; quantize to int-n of 4, 5 or 8 bits with scales of f16 in groups of 32 columns, without zero points, and give it as it is stored, not transposed`,
    );
  return {
    dtype: kind.name,
    shape: [rows, columns],
    bytes: ((rows * columns) / kind.elements) * kind.bytes,
    values: async function* values() {
      yield await packed(matrix, kind);
    },
  };
}

async function packed(matrix: EncodedMatrix, kind: Kind): Promise<Uint8Array<ArrayBuffer>> {
  const [rows, columns] = matrix.shape;
  const given: Record<string, Numbers> = {};
  for (const [name, array] of Object.entries(matrix.arrays)) {
    const bytes = await array.bytes();
    const view = dtypes[array.dtype].view(bytes.buffer, bytes.byteOffset, array.size);
    given[name] = array.dtype === 'f32' ? halves(view as Float32Array) : (view as Numbers);
  }
  checkHeld(kind, given);
  const blocks = (rows * columns) / kind.elements;
  const arrays = new OpenArrays(kind, [rows, columns], new Rooms(), given);
  const bytes = new Uint8Array(blocks * kind.bytes);
  for (let block = 0; block < blocks; block++) arrays.pack(bytes, block * kind.bytes);
  return bytes;
}

/** @throws {ArgumentError} for scales that do not fit their bits, and another table. */
function checkHeld({ name, parts }: Kind, { scales, minima, table }: Readonly<Record<string, Numbers>>): void {
  if (table && parts.table?.some((entry, place) => entry !== table[place]))
    throw new ArgumentError(
      'writtenMatrix',
      `its table is [${table.join(', ')}]; that of ${name} is [${parts.table.join(', ')}]`,
    );
  const [least, most] = parts.range ?? [-Infinity, Infinity];
  const isOutside = (code: number): boolean => code < least || code > most;
  const wrong = scales?.find(isOutside) ?? minima?.find(isOutside);
  if (wrong !== undefined)
    throw new ArgumentError(
      'writtenMatrix',
      `a scale or minimum is the code ${wrong}; those of ${name} are from ${least} to ${most}`,
    );
}

/** @throws {ArgumentError} for a scale that is no number of 16 bits. */
function halves(scales: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(scales, (scale) => {
    const pattern = dtypes.f16.encode(scale);
    if (halfValues()[pattern] === scale) return pattern;
    throw new ArgumentError(
      'writtenMatrix',
      `a scale is ${show(scale)}, which 16 bits do not hold; quantize with scales of f16 (int-n), or write it as F32`,
    );
  });
}

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
  type EncodedArray,
  type EncodedMatrix,
  type Encoding,
} from '@espalier/tensor';
import { aDevice, aText, check, checkOptions, show, showShape, type OptionRules } from '@espalier/tensor/arguments';
import { halfValues } from '../blocks/half.ts';
import { openBlock, type BlockParts } from '../blocks/parts.ts';
import { blockType, blockTypes } from '../blocks/table.ts';
import { fileDType, type FileDType } from './dtypes.ts';
import { inPieces } from './pieces.ts';
import { entryOf, type ReadTensorOptions } from './read-tensor.ts';
import type { TensorSource, WrittenTensor } from './tensor-source.ts';

/** A type of block as matrices are made of it. */
interface Kind {
  readonly name: string;
  readonly parts: BlockParts;
  /** Weights of a block, and its bytes. */
  readonly elements: number;
  readonly bytes: number;
}

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
  const arrays = new OpenArrays(kind, [rows, columns]);
  for await (const piece of inPieces(bytes, kind.bytes * 2 ** 16, (begin, end) => source.read(name, { begin, end })))
    for (let from = 0; from < piece.length; from += kind.bytes) arrays.unpack(piece, from);
  const encoding: Encoding = { settings: settingsOf(kind.parts), arrays: arrays.encoded() };
  return placed(source, name, [rows, columns], encoding, device);
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

type Numbers = Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

const storedIn = {
  f16: ['f16', Uint16Array],
  i8: ['i8', Int8Array],
  e8: ['u8', Uint8Array],
} as const;

/** The arrays of a matrix, filled and read a block at a time, in the order of the file. */
class OpenArrays {
  readonly #kind: Kind;
  readonly #shape: readonly [number, number];
  readonly #codes: Uint8Array<ArrayBuffer>;
  readonly #scales: Numbers;
  readonly #minima: Numbers;
  readonly #steps: Uint16Array<ArrayBuffer>;
  readonly #minimumSteps: Uint16Array<ArrayBuffer>;
  readonly #block = openBlock();
  readonly #groups: number;
  #at = 0;

  constructor(kind: Kind, shape: readonly [number, number], given: Readonly<Record<string, Numbers>> = {}) {
    const { bits, group, scales, minima } = kind.parts;
    const elements = shape[0] * shape[1];
    const blocks = elements / kind.elements;
    const groups = elements / group;
    const Scales = storedIn[scales][1];
    const stepped = scales === 'i8' ? blocks : 0;
    this.#kind = kind;
    this.#shape = shape;
    this.#groups = kind.elements / group;
    this.#codes = (given['codes'] ?? new Uint8Array((elements * bits) / 8)) as Uint8Array<ArrayBuffer>;
    this.#scales = given['scales'] ?? new Scales(groups);
    this.#minima = given['minima'] ?? new Scales(minima ? groups : 0);
    this.#steps = (given['steps'] ?? new Uint16Array(stepped)) as Uint16Array<ArrayBuffer>;
    this.#minimumSteps = (given['minimumSteps'] ?? new Uint16Array(minima ? stepped : 0)) as Uint16Array<ArrayBuffer>;
  }

  /** Takes the next block apart. */
  unpack(bytes: Uint8Array, from: number): void {
    const { parts, elements } = this.#kind;
    const block = this.#block;
    const index = this.#at++;
    parts.unpack(bytes, from, block);
    packBits(block.codes, elements, parts.bits, this.#codes, (index * elements * parts.bits) / 8);
    for (let group = 0, at = index * this.#groups; group < this.#groups; group++, at++) {
      this.#scales[at] = block.scales[group] as number;
      if (parts.minima) this.#minima[at] = block.minima[group] as number;
    }
    if (parts.scales !== 'i8') return;
    this.#steps[index] = block.step;
    if (parts.minima) this.#minimumSteps[index] = block.minimumStep;
  }

  /** Writes the next block. */
  pack(bytes: Uint8Array, to: number): void {
    const { parts, elements } = this.#kind;
    const block = this.#block;
    const index = this.#at++;
    unpackBits(this.#codes, (index * elements * parts.bits) / 8, parts.bits, block.codes, elements);
    for (let group = 0, at = index * this.#groups; group < this.#groups; group++, at++) {
      block.scales[group] = this.#scales[at] as number;
      block.minima[group] = this.#minima[at] ?? 0;
    }
    block.step = this.#steps[index] ?? 0;
    block.minimumStep = this.#minimumSteps[index] ?? 0;
    parts.pack(block, bytes, to);
  }

  /** The arrays that `int-n` has. */
  encoded(): Encoding['arrays'] {
    const { parts, elements } = this.#kind;
    const [rows, columns] = this.#shape;
    const [dtype] = storedIn[parts.scales];
    const isStepped = parts.scales === 'i8';
    const ofGroups = (data: Numbers): EncodedArray => ({ dtype, shape: [rows, columns / parts.group], data });
    const ofBlocks = (data: Numbers): EncodedArray => ({ dtype: 'f16', shape: [rows, columns / elements], data });
    return {
      codes: { dtype: 'u8', shape: [rows, (columns * parts.bits) / 8], data: this.#codes },
      scales: ofGroups(this.#scales),
      ...(parts.minima && { minima: ofGroups(this.#minima) }),
      ...(isStepped && { steps: ofBlocks(this.#steps) }),
      ...(isStepped && parts.minima && { minimumSteps: ofBlocks(this.#minimumSteps) }),
      ...(parts.table && { table: { dtype: 'i8', shape: [16], data: parts.table.slice() } }),
    };
  }
}

/** Codes one behind the other, the lowest bits first. */
function packBits(codes: Uint8Array, count: number, bits: number, bytes: Uint8Array, to: number): void {
  if (bits === 8) {
    for (let i = 0; i < count; i++) bytes[to + i] = codes[i] as number;
    return;
  }
  if (bits === 4) {
    for (let i = 0; i < count; i += 2) bytes[to++] = (codes[i] as number) | ((codes[i + 1] as number) << 4);
    return;
  }
  let [held, filled] = [0, 0];
  for (let i = 0; i < count; i++) {
    held |= (codes[i] as number) << filled;
    filled += bits;
    for (; filled >= 8; filled -= 8, held >>= 8) bytes[to++] = held & 255;
  }
}

/** As `packBits`, the other way round. */
function unpackBits(bytes: Uint8Array, from: number, bits: number, codes: Uint8Array, count: number): void {
  let [held, filled] = [0, 0];
  for (let i = 0; i < count; i++) {
    for (; filled < bits; filled += 8) held |= (bytes[from++] as number) << filled;
    codes[i] = held & (2 ** bits - 1);
    held >>= bits;
    filled -= bits;
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
  const arrays = new OpenArrays(kind, [rows, columns], given);
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

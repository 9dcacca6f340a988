/** The arrays of a matrix in `int-n`, filled from blocks of a file and read back into them. */
import type { EncodedArray, Encoding } from '@espalier/tensor';
import { openBlock, type BlockParts } from '../blocks/parts.ts';
import type { Rooms } from './rooms.ts';

/** A type of block as matrices are made of it. */
export interface Kind {
  readonly name: string;
  readonly parts: BlockParts;
  /** Weights of a block, and its bytes. */
  readonly elements: number;
  readonly bytes: number;
}

/** What arrays hold. */
export type Numbers = Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

const storedIn = {
  f16: ['f16', Uint16Array],
  i8: ['i8', Int8Array],
  e8: ['u8', Uint8Array],
} as const;

/** The arrays of a matrix, filled and read a block at a time, in the order of the file. */
export class OpenArrays {
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

  /** New ones lie in rooms. */
  constructor(
    kind: Kind,
    shape: readonly [number, number],
    rooms: Rooms,
    given: Readonly<Record<string, Numbers>> = {},
  ) {
    const { bits, group, scales, minima } = kind.parts;
    const elements = shape[0] * shape[1];
    const blocks = elements / kind.elements;
    const groups = elements / group;
    const Scales = storedIn[scales][1];
    const numbers = <T extends Numbers>(
      Kind: { new (buffer: ArrayBuffer, offset: number, length: number): T; readonly BYTES_PER_ELEMENT: number },
      length: number,
    ): T => new Kind(rooms.take(length * Kind.BYTES_PER_ELEMENT), 0, length);
    const stepped = scales === 'i8' ? blocks : 0;
    this.#kind = kind;
    this.#shape = shape;
    this.#groups = kind.elements / group;
    this.#codes = (given['codes'] ?? numbers(Uint8Array, (elements * bits) / 8)) as Uint8Array<ArrayBuffer>;
    this.#scales = given['scales'] ?? numbers<Numbers>(Scales, groups);
    this.#minima = given['minima'] ?? numbers<Numbers>(Scales, minima ? groups : 0);
    this.#steps = (given['steps'] ?? numbers(Uint16Array, stepped)) as Uint16Array<ArrayBuffer>;
    this.#minimumSteps = (given['minimumSteps'] ??
      numbers(Uint16Array, minima ? stepped : 0)) as Uint16Array<ArrayBuffer>;
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

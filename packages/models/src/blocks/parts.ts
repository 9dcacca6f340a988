/** Blocks taken apart: what each weight, each part of a block and the block itself have, as matrices in `int-n` hold it. */

/** How a type lies apart, and together again; nothing is lost in either direction. */
export interface BlockParts {
  /** Bits of a code. */
  readonly bits: number;
  /** Weights that share a scale. */
  readonly group: number;
  /** What scales are: patterns of f16, codes with a sign times one such pattern for the block, or exponents. */
  readonly scales: 'f16' | 'i8' | 'e8';
  /** Whether groups have minima, which are stored as scales are. */
  readonly minima: boolean;
  /** What codes are places in, if they are. */
  readonly table?: Int8Array;
  /** From and to which scales and minima that are codes may be. */
  readonly range?: readonly [least: number, most: number];
  /** Takes the block at a place apart. */
  readonly unpack: (bytes: Uint8Array, at: number, block: OpenBlock) => void;
  /** Writes a block to a place. */
  readonly pack: (block: OpenBlock, bytes: Uint8Array, at: number) => void;
}

/** What is in a block. */
export interface OpenBlock {
  /** Of each weight, not below 0. */
  readonly codes: Uint8Array;
  /** Of each group. */
  readonly scales: Int32Array;
  readonly minima: Int32Array;
  /** Patterns of f16 that the codes of scales and minima are multiplied by. */
  step: number;
  minimumStep: number;
}

/** Room for a block of any type. */
export function openBlock(): OpenBlock {
  return {
    codes: new Uint8Array(256),
    scales: new Int32Array(16),
    minima: new Int32Array(16),
    step: 0,
    minimumStep: 0,
  };
}

/** The two bytes at a place, the lower ones first. */
export function readPattern(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

/** Writes two bytes, the lower ones first. */
export function writePattern(bytes: Uint8Array, at: number, pattern: number): void {
  bytes[at] = pattern & 255;
  bytes[at + 1] = pattern >> 8;
}

/** The same number with the other sign, of a pattern of f16. */
export const negated = (pattern: number): number => pattern ^ 0x8000;

/** Two codes of 4 bits in each byte: that of weight j in the low bits, that of weight j + 16 in the high ones. */
export function unpackNibbles(bytes: Uint8Array, at: number, codes: Uint8Array, to: number): void {
  for (let j = 0; j < 16; j++) {
    const byte = bytes[at + j] as number;
    codes[to + j] = byte & 15;
    codes[to + j + 16] = byte >> 4;
  }
}

/** As `unpackNibbles` reads them. */
export function packNibbles(codes: Uint8Array, from: number, bytes: Uint8Array, at: number): void {
  for (let j = 0; j < 16; j++)
    bytes[at + j] = ((codes[from + j] as number) & 15) | (((codes[from + j + 16] as number) & 15) << 4);
}

/** What a type of block is: weights that share scales, as GGUF stores them. */
import type { BlockParts } from './parts.ts';

/** How blocks of a type become floats, and floats blocks. */
export interface BlockType {
  /** A name of `fileDType`: `Q4_0`. */
  readonly name: string;
  /** Where in a block its scales in f16 are: what is larger than that holds has no block. */
  readonly scales: readonly number[];
  /** How they lie apart. */
  readonly parts: BlockParts;
  /** Writes the weights of `count` blocks. */
  readonly decode: (bytes: Uint8Array, count: number, weights: Float32Array) => void;
  /** Writes `count` blocks, as llama.cpp does without an importance matrix, to the last bit. */
  readonly encode: (weights: Float32Array, count: number, bytes: Uint8Array) => void;
}

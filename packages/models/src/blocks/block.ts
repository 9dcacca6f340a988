/** What a type of block is: weights that share scales, as GGUF stores them. */

/** How blocks of a type become floats, and floats blocks. */
export interface BlockType {
  /** A name of `fileDType`: `Q4_0`. */
  readonly name: string;
  /** Writes the weights of `count` blocks. */
  readonly decode: (bytes: Uint8Array, count: number, weights: Float32Array) => void;
  /** Writes `count` blocks, as llama.cpp does, to the last bit. Absent of types that are only read. */
  readonly encode?: (weights: Float32Array, count: number, bytes: Uint8Array) => void;
}

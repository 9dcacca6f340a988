/** Tensors of a file, before any of them is read. */
import type { Json } from '@espalier/nn';
import type { Shape } from '@espalier/tensor';

/** What a file says of a tensor besides its values. */
export interface TensorEntry {
  /** A name of `dtypes`: `F32`, `I64`, `Q4_K`. */
  readonly dtype: string;
  readonly shape: Shape;
  /** How many bytes its values take: row by row, little-endian. */
  readonly bytes: number;
}

/** An open file of tensors, whatever its format. */
export interface TensorSource {
  /** The type of its container: `safetensors`, `pytorch`, `gguf`. */
  readonly format: string;
  /** Where it is, for errors. */
  readonly name: string;
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Names that the file gives to one and the same values, each with the first of them; such a name stands in `tensors` too. */
  readonly ties: ReadonlyMap<string, string>;
  /** What else the file says. */
  readonly metadata: { readonly [key: string]: Json };
  /**
   * The values of a tensor, or the part of their bytes from `begin` to before `end`: row by row, little-endian, in a buffer of
   * their own, or at the beginning of `reuse`, a buffer that is long enough and may be written over.
   * @throws {FormatError} naming the file and the tensor, for one it has not, and where the file ends before.
   * @throws {ArgumentError} for a range that does not lie within the tensor.
   */
  readonly read: (
    name: string,
    range?: { readonly begin: number; readonly end: number },
    reuse?: ArrayBuffer,
  ) => Promise<Uint8Array<ArrayBuffer>>;
  readonly close: () => Promise<void>;
}

/** A tensor that is to be written: what a file says of it, and its values in pieces, asked for once, when it is their turn. */
export interface WrittenTensor extends TensorEntry {
  readonly values: () => AsyncIterable<Uint8Array>;
}

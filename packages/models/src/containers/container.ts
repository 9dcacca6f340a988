/** What every format of files of tensors is. */
import type { Json } from '@espalier/nn';
import type { ByteSource } from '@espalier/nn/format';
import type { ByteSink } from '../bytes/byte-sink.ts';
import type { TensorEntry, TensorSource, WrittenTensor } from '../tensors/tensor-source.ts';

/** What a container may look at besides the file itself. */
export interface OpenOptions {
  /**
   * Another file of the same folder, by a name that the file gives: a shard, external data. The caller sees to it that no name
   * leads out of the folder. Undefined where there is none.
   */
  readonly sibling?: (name: string) => Promise<ByteSource | undefined>;
}

/** A format of files of tensors. */
export interface Container {
  /** Its name: `safetensors`. */
  readonly type: string;
  /** Endings of its files, without the dot; the first is the usual one. */
  readonly extensions: readonly string[];
  /** Whether a file of a size is one, by its first bytes (at most 64; fewer where the file has fewer). */
  readonly detects: (head: Uint8Array, size: number) => boolean;
  /** @throws {FormatError} naming the file and the place, for what is damaged. */
  readonly open: (source: ByteSource, options?: OpenOptions) => Promise<TensorSource>;
  /** What of tensors and metadata it cannot carry, each in a few words; absent of a format that carries all. */
  readonly losses?: (
    tensors: ReadonlyMap<string, TensorEntry>,
    metadata?: { readonly [key: string]: Json },
  ) => readonly string[];
  /**
   * Writes tensors, in their order where the format keeps one. Absent of a format that is only read.
   * @throws {FormatError} before anything is written, naming what the format cannot carry.
   */
  readonly write?: (
    sink: ByteSink,
    tensors: ReadonlyMap<string, WrittenTensor>,
    metadata?: { readonly [key: string]: Json },
  ) => Promise<void>;
}

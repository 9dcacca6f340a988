/** Open files whose tensors each lie in one piece somewhere. */
import { FormatError, type Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '@espalier/nn/format';
import { rangeWithin } from './range.ts';
import type { TensorEntry, TensorSource } from './tensor-source.ts';

/** A tensor, and where its values are. */
export interface LocatedTensor extends TensorEntry {
  readonly source: ByteSource;
  /** Of its first byte. */
  readonly offset: number;
}

/** What is known of an open file, or of several that are one. */
export interface LocatedTensors {
  readonly format: string;
  readonly name: string;
  readonly tensors: ReadonlyMap<string, LocatedTensor>;
  readonly ties?: ReadonlyMap<string, string>;
  readonly metadata: { readonly [key: string]: Json };
  /** What is closed with it. */
  readonly sources: readonly ByteSource[];
}

/** A source of tensors, which are read where they lie. */
export function locatedSource({ format, name, tensors, ties, metadata, sources }: LocatedTensors): TensorSource {
  return {
    format,
    name,
    tensors,
    ties: ties ?? new Map(),
    metadata,
    read: async (tensor, range, reuse) => {
      const found = tensors.get(tensor);
      if (!found) throw new FormatError(name, 0, `has no tensor ${showName(tensor)}`);
      const { begin, end } = rangeWithin(tensor, found.bytes, range);
      return readBytes(found.source, found.offset + begin, end - begin, `the values of ${showName(tensor)}`, reuse);
    },
    close: async () => {
      for (const source of sources) await source.close();
    },
  };
}

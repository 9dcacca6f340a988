/** Opens safetensors files by range: the header, and of the values only what is asked for. */
import { type ByteSource, parseSafetensorsHeader, readBytes, safetensorsHeaderLength } from '@espalier/nn/format';
import { locatedSource, type LocatedTensor } from '../../tensors/located.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';

/** The length of the header comes first. */
const lengthBytes = 8;

/** What a file holds, and what it says besides. */
export interface OpenShard {
  readonly tensors: ReadonlyMap<string, LocatedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads the header of a file.
 * @throws {FormatError} naming file and offset, unless it is sound and the values fill the file without gap or overlap.
 */
export async function openShard(source: ByteSource): Promise<OpenShard> {
  const head = await readBytes(source, 0, Math.min(lengthBytes, source.size), 'the length of the header');
  const length = safetensorsHeaderLength(head, source.size, source.name);
  const start = lengthBytes + length;
  const header = await readBytes(source, lengthBytes, length, 'the header');
  const { entries, metadata } = parseSafetensorsHeader(header, source.size - start, source.name);
  const tensors = entries.map(({ name, dtype, shape, from, to }): [string, LocatedTensor] => [
    name,
    { dtype, shape, bytes: to - from, source, offset: start + from },
  ]);
  return { tensors: new Map(tensors), metadata };
}

/**
 * Opens a file.
 * @throws {FormatError} for what is damaged.
 */
export async function openSafetensors(source: ByteSource): Promise<TensorSource> {
  const { tensors, metadata } = await openShard(source);
  return locatedSource({ format: 'safetensors', name: source.name, tensors, metadata, sources: [source] });
}

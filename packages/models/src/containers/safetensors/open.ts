/** Opens safetensors files by range: the header, and of the values only what is asked for. */
import { type ByteSource, parseSafetensorsHeader, readBytes, safetensorsHeaderLength } from '@espalier/nn/format';
import { locatedSource, type LocatedTensor } from '../../tensors/located.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';

/** The length of the header comes first. */
const lengthBytes = 8;

/**
 * Opens a file: reads its header.
 * @throws {FormatError} naming file and offset, unless it is sound and the values fill the file without gap or overlap.
 */
export async function openSafetensors(source: ByteSource): Promise<TensorSource> {
  const head = await readBytes(source, 0, Math.min(lengthBytes, source.size), 'the length of the header');
  const length = safetensorsHeaderLength(head, source.size, source.name);
  const start = lengthBytes + length;
  const header = await readBytes(source, lengthBytes, length, 'the header');
  const { entries, metadata } = parseSafetensorsHeader(header, source.size - start, source.name);
  const tensors = entries.map(({ name, dtype, shape, from, to }): [string, LocatedTensor] => [
    name,
    { dtype, shape, bytes: to - from, source, offset: start + from },
  ]);
  return locatedSource({
    format: 'safetensors',
    name: source.name,
    tensors: new Map(tensors),
    metadata,
    sources: [source],
  });
}

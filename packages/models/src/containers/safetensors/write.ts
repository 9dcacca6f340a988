/** Writes safetensors files: the header, then the values of one tensor after the other, in one file or in several. */
import type { Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { encodeUtf8, safetensorsHeader } from '@espalier/nn/format';
import { aPositiveInteger, check } from '@espalier/tensor/arguments';
import type { ByteSink } from '../../bytes/byte-sink.ts';
import { fileDType } from '../../tensors/dtypes.ts';
import type { TensorEntry, WrittenTensor } from '../../tensors/tensor-source.ts';
import { writeValues } from '../../tensors/write-values.ts';
import { refuseWhat } from '../cannot-carry.ts';

type Metadata = { readonly [key: string]: Json };

/** Dtypes of other formats that this one has not. */
const unknown: ReadonlySet<string> = new Set(['I2', 'U2', 'I4', 'U4', 'C128']);

/** What of tensors and metadata safetensors has no place for: blocks of weights, and metadata that are no texts. */
export function safetensorsLosses(tensors: ReadonlyMap<string, TensorEntry>, metadata: Metadata = {}): string[] {
  const odd = [...tensors].filter(([, { dtype }]) => unknown.has(dtype) || (fileDType(dtype)?.elements ?? 1) > 1);
  const notes = Object.entries(metadata).filter(([, value]) => typeof value !== 'string');
  return [
    ...odd.map(([name, { dtype }]) => `${showName(name)} as ${dtype}`),
    ...(tensors.has('__metadata__') ? ["a tensor of the name '__metadata__'"] : []),
    ...notes.map(([key]) => `${showName(key)} of the metadata, which is no text`),
  ];
}

/**
 * Writes a file. Wide dtypes come first, then names in their order: the same tensors give the same bytes.
 * @throws {FormatError} before anything is written, naming what the format cannot carry.
 */
export async function writeSafetensorsTo(
  sink: ByteSink,
  tensors: ReadonlyMap<string, WrittenTensor>,
  metadata: Metadata = {},
): Promise<void> {
  refuseWhat('safetensors', safetensorsLosses(tensors, metadata), 'convert or leave it out');
  const { header, order } = safetensorsHeader(tensors, metadata as Readonly<Record<string, string>>);
  await sink.write(header);
  for (const name of order) await writeValues(sink, name, tensors.get(name) as WrittenTensor);
}

/** Where a model of several files goes: makes a file of a name of what is written to a sink. */
export type WriteFile = (name: string, write: (sink: ByteSink) => Promise<void>) => Promise<void>;

/**
 * Writes files of at most so many bytes of values each, but for a tensor that is larger by itself, and their index last:
 * `model-00001-of-00003.safetensors`, `model.safetensors.index.json`. What fits into one is `model.safetensors`, without one.
 * @throws {FormatError} before anything is written, naming what the format cannot carry.
 */
export async function writeSafetensorsShards(
  writeFile: WriteFile,
  tensors: ReadonlyMap<string, WrittenTensor>,
  options: { readonly mostBytes: number; readonly metadata?: Metadata },
): Promise<void> {
  const { mostBytes, metadata = {} } = options;
  check('writeSafetensorsShards', 'mostBytes', mostBytes, aPositiveInteger);
  refuseWhat('safetensors', safetensorsLosses(tensors, metadata), 'convert or leave it out');
  const shards = shardsOf(tensors, mostBytes);
  const count = String(shards.length).padStart(5, '0');
  const map: [string, string][] = [];
  for (const [place, shard] of shards.entries()) {
    const name =
      shards.length === 1 ? 'model.safetensors' : `model-${String(place + 1).padStart(5, '0')}-of-${count}.safetensors`;
    await writeFile(name, (sink) => writeSafetensorsTo(sink, shard, metadata));
    for (const tensor of shard.keys()) map.push([tensor, name]);
  }
  if (shards.length === 1) return;
  const total = [...tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  // Written by hand: an object would reorder names that look like array indices, such as '0'.
  const lines = map.map(([tensor, file]) => `    ${JSON.stringify(tensor)}: ${JSON.stringify(file)}`);
  const index = `{\n  "metadata": { "total_size": ${total} },\n  "weight_map": {\n${lines.join(',\n')}\n  }\n}\n`;
  await writeFile('model.safetensors.index.json', (sink) => sink.write(encodeUtf8(index)));
}

/** Tensors in their order, cut where the next one would be too much. */
function shardsOf(tensors: ReadonlyMap<string, WrittenTensor>, most: number): Map<string, WrittenTensor>[] {
  let last = new Map<string, WrittenTensor>();
  const shards = [last];
  let bytes = 0;
  for (const [name, tensor] of tensors) {
    if (last.size > 0 && bytes + tensor.bytes > most) {
      last = new Map();
      shards.push(last);
      bytes = 0;
    }
    last.set(name, tensor);
    bytes += tensor.bytes;
  }
  return shards;
}

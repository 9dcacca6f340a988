/**
 * Several safetensors files as one, by an index that says in which of them each tensor is.
 * Source: Hugging Face, `model.safetensors.index.json`: { metadata: { total_size }, weight_map: name → file }.
 */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { ByteSource } from '@espalier/nn/format';
import { show } from '@espalier/tensor/arguments';
import { locatedSource, type LocatedTensor } from '../../tensors/located.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import type { OpenOptions } from '../container.ts';
import { readJsonObject } from '../json-file.ts';
import { openShard } from './open.ts';

/** No index is larger: of a name and a file, a hundred bytes each, a million tensors have 200 MB. */
const mostBytes = 200_000_000;

/**
 * Opens the files of an index: those that it names, once each. Its tensors are in the order of the index; of what the
 * files say besides (`__metadata__`) the first to say something counts.
 * @throws {FormatError} naming the file, for an index that is none, a file that is not there or damaged, and for a tensor
 * that is not in the file where the index has it.
 */
export async function openSharded(source: ByteSource, { sibling }: OpenOptions = {}): Promise<TensorSource> {
  const fail = (problem: string): never => {
    throw new FormatError(source.name, 0, problem);
  };
  const index = await readJsonObject(source, mostBytes);
  const { weight_map: map } = index;
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    return fail('has no weight_map from names of tensors to files; it is no index of safetensors files');
  const places = Object.entries(map as Readonly<Record<string, unknown>>).map(([name, file]): [string, string] =>
    typeof file === 'string'
      ? [name, file]
      : fail(`weight_map has ${show(file)} for ${showName(name)}; it must be the name of a file`),
  );
  const wrong = places.find(([, file]) => typeof file !== 'string');
  if (wrong) fail(`weight_map has ${show(wrong[1])} for ${show(wrong[0])}; it must be the name of a file`);
  if (!sibling)
    return fail('is an index of other files; open it by its path (openTensorFile), or give `sibling` to find them');
  const opened: ByteSource[] = [];
  try {
    const shards = new Map<string, ReadonlyMap<string, LocatedTensor>>();
    const metadata: Record<string, string> = {};
    for (const file of new Set(places.map(([, each]) => each))) {
      const shard = (await sibling(file)) ?? fail(`names the file ${showName(file)}, which is not there`);
      opened.push(shard);
      const { tensors, metadata: notes } = await openShard(shard);
      shards.set(file, tensors);
      for (const [key, value] of Object.entries(notes)) if (!Object.hasOwn(metadata, key)) metadata[key] = value;
    }
    const located = places.map(([name, file]): [string, LocatedTensor] => [
      name,
      shards.get(file)?.get(name) ?? fail(`has ${showName(name)} in ${showName(file)}, which has no such tensor`),
    ]);
    return locatedSource({
      format: 'safetensors',
      name: source.name,
      tensors: new Map(located),
      metadata,
      sources: [source, ...opened],
    });
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
}

/**
 * Several files as one, by an index that says in which of them each tensor is.
 * Source: Hugging Face, `model.safetensors.index.json` and `pytorch_model.bin.index.json`: { metadata: { total_size }, weight_map:
 * name → file }.
 */
import { FormatError, type Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { ByteSource } from '@espalier/nn/format';
import { show } from '@espalier/tensor/arguments';
import type { TensorEntry, TensorSource } from '../../tensors/tensor-source.ts';
import type { OpenOptions } from '../container.ts';
import { readJsonObject } from '../json-file.ts';
import { openPyTorch } from '../pytorch/open-pytorch.ts';
import { openSafetensors } from './open.ts';

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
    const shards = new Map<string, TensorSource>();
    const metadata: Record<string, Json> = {};
    for (const file of new Set(places.map(([, each]) => each))) {
      const bytes = (await sibling(file)) ?? fail(`names the file ${showName(file)}, which is not there`);
      opened.push(bytes);
      const shard = isPickled(file) ? await openPyTorch(bytes) : await openSafetensors(bytes);
      shards.set(file, shard);
      for (const [key, value] of Object.entries(shard.metadata))
        if (!Object.hasOwn(metadata, key)) metadata[key] = value;
    }
    const homes = new Map<string, TensorSource>();
    const tensors = new Map<string, TensorEntry>();
    const ties = new Map<string, string>();
    for (const [name, file] of places) {
      const shard = shards.get(file) as TensorSource;
      tensors.set(name, shard.tensors.get(name) ?? fail(`has ${showName(name)} in ${showName(file)}, which has no such tensor`)); // prettier-ignore
      homes.set(name, shard);
      const tied = shard.ties.get(name);
      if (tied !== undefined && homes.get(tied) === shard) ties.set(name, tied);
    }
    return {
      format: places.some(([, file]) => isPickled(file)) ? 'pytorch-index' : 'safetensors',
      name: source.name,
      tensors,
      ties,
      metadata,
      read: (name, range, reuse) =>
        homes.get(name)?.read(name, range, reuse) ?? fail(`has no tensor ${showName(name)}`),
      close: async () => {
        for (const each of [source, ...opened]) await each.close();
      },
    };
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
}

/** Whether a shard is a file of PyTorch. */
const isPickled = (file: string): boolean => /[.](?:bin|pth|pt)$/iu.test(file);

/** Opens language models whose words are damaged: a config.json beside weights that are whole, and GGUF files. */
import { readFileSync } from 'node:fs';
import { openHuggingFace, openLanguageModel, openTensors, openVisionModel, type ModelFolder } from '@espalier/models';
import { collectingBytes } from '../engine/collecting-bytes.ts';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateRange } from '../engine/mutate-range.ts';
import type { Random } from '../engine/random.ts';
import { ofObjects, type MemoryLimit, type Reader } from '../engine/reader.ts';

const golden = new URL('../../../packages/models/test/golden/families/', import.meta.url);
const file = (path: string): Uint8Array => readFileSync(new URL(path, golden));
const folders = ['llama', 'mistral', 'qwen2', 'gpt2', 'bert', 'vit'];
const weights = new Map(folders.map((name) => [name, file(`${name}/model.safetensors`)]));

const folderOf = (config: Uint8Array, values: Uint8Array): Promise<ModelFolder> =>
  openHuggingFace(async (name) => {
    const bytes = { 'config.json': config, 'model.safetensors': values }[name];
    return bytes && collectingBytes(bytes, name);
  });

/** Which weights a description is of: those of which it has a word that no other has. */
function nameOf(text: string): string {
  return folders.findLast((name) => text.includes(`"${name}"`)) ?? 'llama';
}

/** Beside what the file becomes there is the model: each of its layers is a few dozen objects. */
const ofModels: Partial<MemoryLimit> = { free: 2 * ofObjects.free };

/** Descriptions in config.json. */
export const familyConfigReader: Reader = {
  name: 'family-config',
  limit: ofModels,
  seeds: async () => folders.map((name) => file(`${name}/config.json`)),
  mutate: 'json',
  read: async (input, _, passed) => {
    const name = nameOf(Buffer.from(input).toString('latin1'));
    const folder = await folderOf(input, weights.get(name) as Uint8Array);
    passed();
    const { module } = await (name === 'vit' ? openVisionModel(folder) : openLanguageModel(folder));
    module.dispose();
    await folder.close();
  },
};

/** Most mutants have other bits in what the file says, which is before its values. */
function mutateWords(input: Uint8Array, random: Random): Uint8Array {
  return random.chance(0.3) ? mutateBytes(input, random) : mutateRange(input, random, random.below(1500));
}

/** GGUF files of models. */
export const familyGgufReader: Reader = {
  name: 'family-gguf',
  limit: ofModels,
  seeds: async () => ['llama', 'llama-biased', 'qwen2', 'qwen3', 'gpt2', 'bert'].map((name) => file(`${name}.gguf`)),
  mutate: mutateWords,
  read: async (input, _, passed) => {
    const source = await openTensors(collectingBytes(input, 'x.gguf'), { type: 'gguf' });
    passed();
    const { module } = await openLanguageModel(source);
    module.dispose();
    await source.close();
  },
};

/** Reads folders of models, plain and optimized, through their descriptions. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type ModuleConfig } from '@espalier/nn';
import { loadModel, saveModel } from '@espalier/nn/node';
import { prune, quantize, runRecipe } from '@espalier/optimize';
import { loadOptimized, saveOptimized } from '@espalier/optimize/node';
import { mutateJson } from '../engine/mutate-json.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

const model: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 1, out: 2, kernel: 3, padding: 1 },
    { type: 'batch-norm', features: 2 },
    { type: 'relu' },
    { type: 'max-pool2d', size: 2 },
    { type: 'flatten' },
    { type: 'residual', body: { type: 'sequential', layers: [{ type: 'linear', in: 8, out: 8 }] } },
    { type: 'dropout', p: 0.1 },
    { type: 'linear', in: 8, out: 3, init: { type: 'xavier-uniform' } },
  ],
};

/** A folder of a model, whose `config.json` is what mutants are made of; the values stay as they are. */
function folderReader(
  name: string,
  save: (folder: string) => Promise<unknown>,
  load: (folder: string) => Promise<unknown>,
  words: readonly string[],
): Reader {
  let whole: readonly (readonly [file: string, bytes: Uint8Array])[] = [];
  const config = 'config.json';
  return {
    name,
    seeds: async (folder) => {
      await save(folder);
      const files = (await readdir(folder)).filter((file) => file !== config);
      whole = await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file))] as const));
      return [await readFile(join(folder, config))];
    },
    mutate: (input, random) => mutateJson(input, random, words),
    limit: ofObjects,
    read: async (input, folder) => {
      for (const [file, bytes] of whole) await writeFile(join(folder, file), bytes);
      await writeFile(join(folder, config), input);
      await load(folder);
    },
  };
}

/** The folders that `saveModel` writes. */
export const modelReader: Reader = folderReader(
  'model',
  (folder) => saveModel(folder, build(model, { seed: 1 }), { metadata: { note: 'a model' } }),
  (folder) => loadModel(folder),
  ['"type"', '"linear"', '"embedding"', '"layer-norm"', '"orthogonal"', '"init"', '"layers"'],
);

/** The folders that `saveOptimized` writes, with the layouts of weights. */
export const layoutsReader: Reader = folderReader(
  'layouts',
  async (folder) => {
    const { model: small } = await runRecipe(build(model, { seed: 1 }), [prune({ sparsity: 0.9 }), quantize()], {});
    await saveOptimized(folder, small, { optimization: { by: 'hand' } });
  },
  (folder) => loadOptimized(folder),
  ['"csr"', '"bitmask"', '"dense"', '"int8"', '"float32"', '"shape"', '"pruned"'],
);

// A model without some of its layers is the one that is made of the others.
import {
  layerInfluence,
  leastLayers,
  planCompression,
  withoutLayers,
  compressModel,
  writeCompressedFolder,
  writeCompressedGguf,
} from '@espalier/language';
import {
  bytesOf,
  memorySink,
  openLanguageModel,
  openModelInParts,
  openTensors,
  type TensorSource,
} from '@espalier/models';
import { openModelFolder } from '@espalier/models/node';
import type { Module } from '@espalier/nn';
import { expect, test } from 'vitest';
import { familyFolder } from '../helpers/families.ts';
import { memoryFiles, tinyFile } from '../helpers/tiny-files.ts';
import { scoresOf } from '../helpers/tiny-model.ts';

const ids = Array.from({ length: 6 }, (_, row) =>
  Array.from({ length: 8 + row }, (__, at) => (row * 7 + at * at) % 32),
);

async function written(dropped: readonly number[], type = 'F32'): Promise<TensorSource> {
  const model = withoutLayers(await openModelInParts(await tinyFile(32, { layers: 4 })), dropped);
  const made = await compressModel(model, planCompression(model, { to: 'gguf', type }));
  const sink = memorySink();
  await writeCompressedGguf(sink, made);
  return openTensors(bytesOf(sink.bytes(), 'small.gguf'));
}

/** A block of the layers of a model that gives what it is given. */
function skip(model: Module, layer: number): void {
  for (const [name, { tensor }] of model.namedParameters())
    if (name.startsWith(`layers.${layer}.`) && /(?:out|down)\.weight$/u.test(name))
      tensor.assign(tensor.detach().mul(0).realizeSync());
}

test('what is left tells what the whole told with the others skipped', async () => {
  const { module, description } = await openLanguageModel(await written([1, 2]));
  expect(description.model['layers']).toBe(2);
  const { module: whole } = await openLanguageModel(await tinyFile(32, { layers: 4 }));
  for (const layer of [1, 2]) skip(whole, layer);
  const [found, wanted] = [await scoresOf(module, ids[0] as number[]), await scoresOf(whole, ids[0] as number[])];
  for (const [at, row] of wanted.entries())
    for (const [each, value] of row.entries()) expect(found[at]?.[each]).toBeCloseTo(value, 4);
});

test('layers that do nothing have no influence, and go first', async () => {
  const file = await tinyFile(32, { layers: 4 });
  const zeros: TensorSource = {
    ...file,
    read: async (name, ...more) => {
      const bytes = await file.read(name, ...more);
      return /^blk\.2\.(?:attn_output|ffn_down)/u.test(name) ? new Uint8Array(bytes.length) : bytes;
    },
  };
  const influence = await layerInfluence(await openModelInParts(zeros), ids);
  expect(influence).toHaveLength(4);
  expect(influence[2]).toBeCloseTo(0, 5);
  for (const layer of [0, 1, 3]) expect(influence[layer]).toBeGreaterThan(1e-3);
  expect(leastLayers(influence, 1)).toEqual([2]);
  expect(leastLayers([0.5, 0.1, 0.1, 0.7], 2)).toEqual([1, 2]);
  expect(leastLayers([0.1, 0.1, 0.1], 1)).toEqual([2]);
});

test.each([
  ['those that have one', [0], [3, undefined]],
  ['those that have none', [1], [undefined, undefined]],
])('windows go along with layers: %s', async (_, dropped, windows) => {
  const from = await openModelFolder(familyFolder('qwen2-window'));
  const model = withoutLayers(await openModelInParts(from), dropped);
  const folder = memoryFiles();
  await writeCompressedFolder(
    folder.write,
    await compressModel(model, planCompression(model, { to: 'safetensors', type: 'F32' })),
  );
  const { module, description } = await openLanguageModel(await folder.open());
  for (const { window, windowLayers } of [model.description.model, description.model])
    expect([window, windowLayers]).toEqual(windows);
  const { module: whole } = await openLanguageModel(from);
  for (const layer of dropped) skip(whole, layer);
  const text = [3, 1, 4, 1, 5, 9, 2];
  const [found, wanted] = [await scoresOf(module, text), await scoresOf(whole, text)];
  for (const [at, row] of wanted.entries())
    for (const [each, value] of row.entries()) expect(found[at]?.[each]).toBeCloseTo(value, 4);
  await from.close();
});

test('layers of another model are not gone on with', async () => {
  const parts = memoryFiles();
  const run = async (dropped: readonly number[]): Promise<void> => {
    const model = withoutLayers(await openModelInParts(await tinyFile(32, { layers: 4 })), dropped);
    const made = await compressModel(model, planCompression(model, { to: 'gguf', method: { type: 'rtn' } }), { parts });
    await made.close();
  };
  await run([1]);
  await expect(run([2])).rejects.toThrow('layers of another compression');
});

test.each([
  ['there is no layer 4', [4]],
  ['there is no layer 0.5', [0.5]],
  ['all layers would be gone', [0, 1, 2, 3]],
])('what cannot be is refused: %s', async (message, dropped) => {
  const model = await openModelInParts(await tinyFile(32, { layers: 4 }));
  expect(() => withoutLayers(model, dropped)).toThrow(message);
});

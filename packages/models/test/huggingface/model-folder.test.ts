// A folder of Hugging Face: its description whole, its weights as floats, and nothing outside of it.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors, FormatError } from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  bytesOf,
  memorySink,
  openHuggingFace,
  readTensor,
  writeStateDict,
  writtenTensor,
  type ModelFolder,
} from '../../src/index.ts';
import { openModelFolder } from '../../src/node/index.ts';
import { golden } from '../helpers/golden.ts';

const weights = encodeSafetensors(
  new Map([['embed', { dtype: 'f32' as const, shape: [2], bytes: new Uint8Array(new Float32Array([1, 2]).buffer) }]]),
);

const open = (files: Readonly<Record<string, Uint8Array | string>>): Promise<ModelFolder> =>
  openHuggingFace(async (name) => {
    const found = files[name];
    return found === undefined ? undefined : bytesOf(Buffer.from(found as string), `model/${name}`);
  }, 'model');

test('keeps all that it says, and reads what else is there on demand', async () => {
  const model = await open({
    'config.json': '{"model_type": "llama", "rope_parameters": {"rope_theta": 1e5}, "odd": [null]}',
    'model.safetensors': weights,
    'modules.json': '[{"idx": 0}]',
    'broken.json': '{"a": 1, "a": 2}',
  });
  expect(model.config).toEqual({ model_type: 'llama', rope_parameters: { rope_theta: 1e5 }, odd: [null] });
  expect((await readTensor(model.tensors, 'embed')).arraySync()).toEqual([1, 2]);
  expect(await model.json('modules.json')).toEqual([{ idx: 0 }]);
  expect(await model.json('generation_config.json')).toBeUndefined();
  await expect(model.json('broken.json')).rejects.toThrow("model/broken.json: at byte 0: has the key 'a' twice");
  await model.close();
});

async function stateDict(): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  const w = writtenTensor(tensor([5, 6]));
  await writeStateDict(sink, new Map([['w', w], ['tied', w]])); // prettier-ignore
  return new Uint8Array(sink.bytes());
}

test('of several files and of quantized weights, it is as one of floats', async () => {
  const index = '{"metadata": {}, "weight_map": {"embed": "part.safetensors"}}';
  const sharded = await open({
    'config.json': '{}',
    'model.safetensors.index.json': index,
    'part.safetensors': weights,
  });
  expect([...sharded.tensors.tensors.keys()]).toEqual(['embed']);
  const pickled = await open({
    'config.json': '{}',
    'pytorch_model.bin.index.json':
      '{"metadata": {}, "weight_map": {"w": "part-1.bin", "tied": "part-1.bin", "embed": "part.safetensors"}}',
    'part-1.bin': await stateDict(),
    'part.safetensors': weights,
  });
  expect([...pickled.tensors.ties]).toEqual([['tied', 'w']]);
  expect((await readTensor(pickled.tensors, 'tied')).arraySync()).toEqual([5, 6]);
  expect((await readTensor(pickled.tensors, 'embed')).arraySync()).toEqual([1, 2]);
  const quantization = { quant_method: 'awq', bits: 4, group_size: 32, version: 'gemm' };
  const model = await open({
    'config.json': JSON.stringify({ quantization_config: quantization }),
    'model.safetensors': golden('quantized/awq.safetensors'),
  });
  expect(model.tensors.tensors.get('layer.weight')).toMatchObject({ dtype: 'F32', shape: [32, 64] });
  expect(model.stored.tensors.has('layer.qweight')).toBe(true);
});

test.each([
  [{}, 'has no config.json'],
  [{ 'config.json': '{}' }, 'has no weights; one of model.safetensors'],
  [{ 'config.json': '[]', 'model.safetensors': weights }, 'model/config.json: at byte 0: is no JSON object'],
  [
    { 'config.json': '{"quantization_config": {"quant_method": "hqq"}}', 'model.safetensors': weights },
    'model/config.json: at byte 0: \'quantization_config\': dequantizedSource: quant_method is "hqq"',
  ],
])('%j is refused', async (files, problem) => {
  await expect(open(files as Record<string, string>)).rejects.toThrow(problem);
});

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-models-'));
  await mkdir(join(root, 'model'));
  await writeFile(join(root, 'model', 'config.json'), '{"a": 1}');
  await writeFile(join(root, 'secret.json'), '{}');
  await symlink(join(root, 'secret.json'), join(root, 'model', 'link.json'));
});
afterAll(() => rm(root, { recursive: true }));

test('on a disk, nothing outside of the folder is read', async () => {
  await expect(openModelFolder(join(root, 'model'))).rejects.toThrow('has no weights');
  await writeFile(join(root, 'model', 'model.safetensors'), weights);
  const model = await openModelFolder(join(root, 'model'));
  expect(model.config).toEqual({ a: 1 });
  for (const name of ['../secret.json', 'link.json'])
    await expect(model.json(name)).rejects.toBeInstanceOf(FormatError);
  await model.close();
  await expect(openModelFolder(join(root, 'none'))).rejects.toThrow('has no config.json');
});

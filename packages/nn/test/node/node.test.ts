import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, FormatError, StateError } from '@espalier/nn';
import {
  loadModel,
  makeFolder,
  mnist,
  readModelFolder,
  saveModel,
  writeFileAtomic,
  writeModelFolder,
} from '@espalier/nn/node';
import { tensor } from '@espalier/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bitsOf } from '../helpers/bits.ts';
import { deviceWithout } from '../helpers/devices.ts';
import { classifier } from '../helpers/toy.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-nn-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const x = tensor([[1, 2, 3, 4]]);
const withoutDoubles = deviceWithout('f64');

describe('a model folder', () => {
  test('gives back the model, with no code of the user', async () => {
    const path = join(folder, 'a', 'model');
    const model = classifier(5);
    await saveModel(path, model, { metadata: { inputShape: [4] }, optimization: { steps: ['prune'] } });
    expect((await readdir(path)).toSorted()).toEqual(['config.json', 'model.safetensors', 'optimization.json']);
    const loaded = await loadModel(path);
    expect(loaded.module.forward(x).arraySync()).toEqual(model.forward(x).arraySync());
    expect(loaded).toMatchObject({
      metadata: { inputShape: [4] },
      optimization: { steps: ['prune'] },
      model: model.config(),
    });
  });

  test('says which parameters are frozen, and freezes them again', async () => {
    const path = join(folder, 'frozen');
    const frozen = ['0.weight', '1.bias'];
    const model = classifier(5);
    for (const name of frozen) Object.assign(model.namedParameters().get(name) ?? {}, { trainable: false });
    await saveModel(path, model);
    const frozenIn = async (): Promise<readonly string[]> => {
      const { module } = await loadModel(path);
      return [...module.namedParameters()].flatMap(([name, { trainable }]) => (trainable ? [] : [name]));
    };
    expect(await frozenIn()).toEqual(frozen);
    const config = join(path, 'config.json');
    const { frozen: said, ...before } = JSON.parse(await readFile(config, 'utf8')) as { readonly frozen: unknown };
    expect(said).toEqual(frozen);
    // Files from before it was said open as they did.
    await writeFile(config, JSON.stringify(before));
    expect(await frozenIn()).toEqual([]);
    for (const [wrong, word] of [
      [['0.wait'], "'0.wait' is frozen, but the model has no such parameter"],
      ['0.weight', 'frozen is "0.weight"; it must be a list of names'],
      [[1], 'frozen is [1]'],
    ] as const) {
      await writeFile(config, JSON.stringify({ ...before, frozen: wrong }));
      await expect(frozenIn()).rejects.toThrow(FormatError);
      await expect(frozenIn()).rejects.toThrow(word);
    }
  });

  test('is the same bytes each time, and forgets an old optimization', async () => {
    const path = join(folder, 'b');
    const bytes = async (): Promise<Uint8Array> => readFile(join(path, 'model.safetensors'));
    await saveModel(path, classifier(5), { optimization: 1 });
    const first = await bytes();
    await saveModel(path, classifier(5));
    expect(await bytes()).toEqual(first);
    expect((await readModelFolder(path)).optimization).toBeUndefined();
  });

  test.each(['f32', 'f16', 'bf16', 'f64'] as const)('comes back in %s, to the last bit', async (dtype) => {
    const layers = [
      { type: 'linear', in: 4, out: 3 },
      { type: 'batch-norm', features: 3 },
      { type: 'same', as: 'layers[1]' },
    ];
    const model = build({ type: 'sequential', layers }, { seed: 4, dtype });
    const path = join(folder, dtype);
    await saveModel(path, model);
    const { module } = await loadModel(path);
    expect(await bitsOf(module)).toEqual(await bitsOf(model));
    // Doubles that a device has not become singles.
    const narrow = (await loadModel(path, { device: withoutDoubles })).module;
    expect(narrow.parameters().map((parameter) => parameter.tensor.dtype)).toEqual(
      model.parameters().map(() => (dtype === 'f64' ? 'f32' : dtype)),
    );
  });

  test('of parameters of several dtypes comes back in one that holds all of them', async () => {
    const model = build({ type: 'linear', in: 2, out: 2 }, { seed: 4 });
    const path = join(folder, 'several');
    const tensors = new Map([
      ['weight', model.rawTensors().get('weight')?.cast('f16') ?? x],
      ['bias', tensor([0.1, 0.2], { dtype: 'f64' })],
    ]);
    await writeModelFolder(path, { model: model.config(), tensors });
    const { module } = await loadModel(path);
    expect(module.parameters().map((parameter) => parameter.tensor.dtype)).toEqual(['f64', 'f64']);
    expect([...((await module.state().get('bias')?.data()) ?? [])]).toEqual([0.1, 0.2]);
  });

  test('may hold values of its own kind', async () => {
    const path = join(folder, 'c');
    const raw = { dtype: 'i8', shape: [2], bytes: Uint8Array.of(1, 255) } as const;
    await writeModelFolder(path, { model: { type: 'relu' }, tensors: new Map([['w', raw]]) });
    const { tensors } = await readModelFolder(path);
    expect([...(tensors.get('w')?.bytes ?? [])]).toEqual([1, 255]);
    await expect(loadModel(path)).rejects.toThrow(StateError);
  });

  test.each([
    ['config.json', '{', 'no JSON'],
    ['config.json', '{"version":2,"model":{"type":"relu"}}', 'version 1'],
    ['config.json', '{"version":1,"model":{}}', 'version 1'],
    ['config.json', '{"version":1,"model":{"type":"relu"},"metadata":3}', 'metadata'],
    ['model.safetensors', 'nonsense', 'at byte'],
    ['optimization.json', '}', 'no JSON'],
  ])('with a damaged %s (%s) is refused by name', async (file, content, words) => {
    const path = join(folder, 'd');
    await saveModel(path, classifier(5), { optimization: {} });
    await writeFile(join(path, file), content);
    await expect(loadModel(path)).rejects.toThrow(FormatError);
    await expect(loadModel(path)).rejects.toThrow(join(path, file));
    await expect(loadModel(path)).rejects.toThrow(words);
  });
});

describe('atomic writing', () => {
  test('leaves nothing behind when it fails', async () => {
    const path = join(folder, 'taken');
    await mkdir(join(path, 'inside'), { recursive: true });
    await expect(writeFileAtomic(path, 'x')).rejects.toThrow('EISDIR');
    expect((await readdir(folder)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')('ends where the system takes no folders, naming the path', async () => {
    await expect(writeFileAtomic('/proc/a/b/c', 'x')).rejects.toMatchObject({ path: '/proc/a' });
    await expect(makeFolder('/proc/a/b')).rejects.toThrow('ENOENT');
    await expect(writeFileAtomic('/proc/version', 'x')).rejects.toMatchObject({ path: '/proc/version' });
  });

  test('makes the folders that are missing, and says which', async () => {
    const path = join(folder, 'deep');
    expect(await makeFolder(join(path, 'a', 'b'))).toEqual([path, join(path, 'a'), join(path, 'a', 'b')]);
    expect(await makeFolder(join(path, 'a', 'c'))).toEqual([join(path, 'a', 'c')]);
    expect(await makeFolder(path)).toEqual([]);
  });

  test('replaces a file', async () => {
    const path = join(folder, 'file');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, Uint8Array.of(50));
    expect(await readFile(path, 'utf8')).toBe('2');
  });
});

describe('MNIST', () => {
  test('is all there', async () => {
    const { train, test: rest } = await mnist();
    expect([train.size, rest.size]).toEqual([60_000, 10_000]);
    const { x: images, y } = await train.batch([0, 1, 2]);
    expect(images.shape).toEqual([3, 1, 28, 28]);
    expect(y.arraySync()).toEqual([5, 0, 4]);
    const values = images.dataSync();
    expect([Math.min(...values), Math.max(...values)]).toEqual([0, 1]);
  });

  const idx = (shape: readonly number[], data: readonly number[]): Uint8Array => {
    const sizes = shape.flatMap((size) => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
    return Uint8Array.from([0, 0, 8, shape.length, ...sizes, ...data]);
  };
  const write = async (name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> => {
    const path = join(folder, name);
    await mkdir(path);
    const images = idx([2, 1, 1], [3, 4]);
    const labels = idx([2], [1, 9]);
    const all = {
      'train-images-idx3-ubyte': images,
      'train-labels-idx1-ubyte': labels,
      't10k-images-idx3-ubyte': images,
      't10k-labels-idx1-ubyte': labels,
      ...files,
    };
    for (const [file, content] of Object.entries(all)) await writeFile(join(path, file), content);
    return path;
  };

  test('comes from any directory', async () => {
    const link = join(folder, 'link');
    await symlink(await write('good', {}), link);
    const { train, classes } = await mnist({ directory: link });
    expect((await train.batch([1])).y.arraySync()).toEqual([9]);
    expect(classes).toBe(10);
  });

  test.each([
    ['a short file', { 'train-images-idx3-ubyte': idx([2, 1, 1], [3]) }, 'train-images-idx3-ubyte: at byte 17'],
    [
      'labels of another set',
      { 't10k-labels-idx1-ubyte': idx([1], [0]) },
      't10k-labels-idx1-ubyte: at byte 4: it has 1 labels for the 2 images',
    ],
    [
      'a label that training knows nothing of',
      { 't10k-labels-idx1-ubyte': idx([2], [0, 10]) },
      't10k-labels-idx1-ubyte: at byte 9: the label is 10; those of the training images are 0 to 9',
    ],
    [
      'a compressed file',
      { 'train-images-idx3-ubyte': Uint8Array.of(31, 139, 8, 0, 0) },
      'train-images-idx3-ubyte: at byte 0: the magic number',
    ],
  ])('%s is named', async (name, files, words) => {
    const directory = await write(name, files);
    await expect(mnist({ directory })).rejects.toThrow(FormatError);
    await expect(mnist({ directory })).rejects.toThrow(words);
  });
});

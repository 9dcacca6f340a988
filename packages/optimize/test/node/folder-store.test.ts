import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { optimize, type BestModel } from '../../src/index.ts';
import { folderStore, loadOptimized, replaceModel } from '../../src/node/index.ts';
import { blobs, logitsOf, train, trained } from '../helpers/blobs.ts';

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'espalier-store-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a store gives back what was written, and nothing for what was not', async () => {
  const store = folderStore(join(folder, 'plain'));
  expect(await store.read('a/b')).toBeUndefined();
  expect(await store.readText('a/b')).toBeUndefined();
  await store.write('a/b', 'text');
  expect(await store.readText('a/b')).toBe('text');
  await store.write('a/b', new Uint8Array([1, 2]));
  expect([...((await store.read('a/b')) ?? [])]).toEqual([1, 2]);
  expect(await store.read('a/b/c')).toBeUndefined();
});

test('files of no model take the place of none', async () => {
  const files = new Map([['config.json', new Uint8Array([1])]]);
  await expect(replaceModel(join(folder, 'wrong'), files)).rejects.toThrow(
    /replaceModel: files is .*model\.safetensors/,
  );
});

test('a model takes the place of another, and of nothing else', async () => {
  const files = new Map(['config.json', 'model.safetensors'].map((name) => [name, new TextEncoder().encode(name)]));
  const place = join(folder, 'replaced');
  await mkdir(`${place}.old`);
  await writeFile(join(`${place}.old`, 'notes.txt'), 'mine');
  await replaceModel(place, files);
  await replaceModel(place, files);
  expect((await readdir(place)).toSorted()).toEqual([...files.keys()]);
  expect(await readFile(join(`${place}.old`, 'notes.txt'), 'utf8')).toBe('mine');
  await writeFile(join(place, 'notes.txt'), 'mine');
  await expect(replaceModel(place, files)).rejects.toThrow(/holds notes\.txt, which is of no model; give it a folder/);
  expect(await readFile(join(place, 'notes.txt'), 'utf8')).toBe('mine');
  await rm(join(place, 'notes.txt'));
  // What a process left that was killed in the middle of it.
  await mkdir(join(folder, '.replaced.espalier-new'));
  await writeFile(join(folder, '.replaced.espalier-new', '.config.json.9.1.tmp'), '');
  await rename(place, join(folder, '.replaced.espalier-old'));
  await replaceModel(place, files);
  expect((await readdir(folder)).filter((name) => name.includes('replaced')).toSorted()).toEqual([
    'replaced',
    'replaced.old',
  ]);
  for (const name of [place, `${place}.old`]) await rm(name, { recursive: true });
});

test('a search goes on in another process from its folder, and keeps the best model beside it', async () => {
  const [store, best] = [folderStore(join(folder, 'search')), join(folder, 'best')];
  const options = {
    data: { train, validate: blobs(900, 8) },
    goals: ['accuracy>=base-4pp'],
    maxTrials: 3,
    epochs: 1,
    latency: { maxMs: 5, warmUp: 1, warmUpMs: 0 },
    store,
    onBest: ({ files }: BestModel) => replaceModel(best, files),
  };
  const first = await optimize(await trained(), options);
  const again = await optimize(await trained(), { ...options, store: folderStore(join(folder, 'search')) });
  expect(again.report.trials).toEqual(first.report.trials);
  expect(await logitsOf((await loadOptimized(best)).model)).toEqual(await logitsOf(first.model));
  expect((await readdir(folder)).toSorted()).toEqual(['best', 'plain', 'search']);
});

// A scheme of this package that a program gave to a storage of its own: in a file of its own, before anything is opened.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage, openStorage, registerStorage, storageType } from '@espalier/search';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storageTypes } from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-taken-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

it('stays with that, and the others of this package are opened as ever', async () => {
  const own = { scheme: 'sqlite', open: async () => ({ ...memoryStorage(), url: 'mine' }) };
  registerStorage(own);
  const journal = await openStorage(`journal:${join(folder, 'a.jsonl')}`);
  await journal.close();
  expect((await openStorage('sqlite:whatever')).url).toBe('mine');
  expect(storageType('sqlite')).toBe(own);
});

it('kinds say whether their storages are shared as these do themselves', async () => {
  for (const type of storageTypes.filter(({ scheme }) => !scheme.startsWith('postgres'))) {
    const storage = await type.open(`${type.scheme}:${join(folder, type.scheme)}`);
    expect(storage.shared ?? false, type.scheme).toBe(type.shared);
    await storage.close();
  }
});

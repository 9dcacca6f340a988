// Files on a disk: those beside them and no others, and written whole or not at all.
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors, FormatError } from '@espalier/nn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesOfModel, openTensorFile, siblingsOf, writeFileBy } from '../../src/node/index.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-models-'));
  await mkdir(join(root, 'model', 'sub'), { recursive: true });
  await writeFile(join(root, 'secret'), 'secret');
  await writeFile(join(root, 'model', 'sub', 'data'), 'data');
  await writeFile(join(root, 'model', 'index'), '{"weight_map": {"a": "../secret"}}');
  await symlink(join(root, 'secret'), join(root, 'model', 'link'));
  await symlink(root, join(root, 'model', 'up'));
  await symlink(join('sub', 'data'), join(root, 'model', 'inside'));
  const tensors = new Map([['w', { dtype: 'u8' as const, shape: [3], bytes: Uint8Array.of(1, 2, 3) }]]);
  await writeFile(join(root, 'model', 'w.safetensors'), encodeSafetensors(tensors));
});
afterAll(() => rm(root, { recursive: true }));

test('a file is opened, read and closed', async () => {
  const opened = await openTensorFile(join(root, 'model', 'w.safetensors'));
  expect(await opened.read('w')).toEqual(Uint8Array.of(1, 2, 3));
  await opened.close();
  await opened.close();
  await expect(opened.read('w')).rejects.toThrow('closed');
});

test('the files of a model are itself and those that it names', async () => {
  const at = (...names: string[]): string => join(root, 'model', ...names);
  await writeFile(at('model.safetensors.index.json'), '{"weight_map": {"w": "w.safetensors"}}');
  expect(await filesOfModel(at('model.safetensors.index.json'))).toEqual([
    at('model.safetensors.index.json'),
    at('w.safetensors'),
  ]);
  expect(await filesOfModel(at('w.safetensors'))).toEqual([at('w.safetensors')]);
  // Of no format, and with names that lead elsewhere.
  expect(await filesOfModel(at('sub', 'data'))).toEqual([at('sub', 'data')]);
  expect(await filesOfModel(at('index'))).toEqual([at('index')]);
});

test.each([
  ['../secret', 'leads out of its folder'],
  ['sub/../../secret', 'leads out of its folder'],
  ['sub\\..\\..\\secret', 'leads out of its folder'],
  ['/etc/passwd', 'is an absolute path'],
  ['C:\\secret', 'is an absolute path'],
  ['\\\\host\\secret', 'is an absolute path'],
  ['link', 'is a link out of its folder'],
  ['up/secret', 'is a link out of its folder'],
  ['', 'is no name of a file'],
  ['a\0b', 'is no name of a file'],
  ['sub', 'is a folder'],
])('the sibling %j is refused', async (name, problem) => {
  await expect(siblingsOf(join(root, 'model', 'x'))(name)).rejects.toThrow(problem);
  await expect(siblingsOf(join(root, 'model', 'x'))(name)).rejects.toBeInstanceOf(FormatError);
});

test('a sibling of the folder is read, one that is not there is none', async () => {
  const sibling = siblingsOf(join(root, 'model', 'x'));
  for (const name of ['sub/data', 'inside', './sub/data']) {
    const source = await sibling(name);
    expect(Buffer.from((await source?.read(0, 4)) ?? []).toString()).toBe('data');
    await source?.close();
  }
  for (const name of ['none', 'sub/data/below', 'x'.repeat(300)]) expect(await sibling(name)).toBeUndefined();
});

test('an index cannot name what is outside', async () => {
  await expect(openTensorFile(join(root, 'model', 'index'))).rejects.toThrow(
    "names the file '../secret', which leads out",
  );
  await expect(openTensorFile(join(root, 'model'))).rejects.toThrow('is a folder');
});

test('a file that fails while it is written is what it was before', async () => {
  const path = join(root, 'made', 'out');
  await writeFileBy(path, async (sink) => {
    await sink.write(Uint8Array.of(1));
    await sink.write(Uint8Array.of(2, 3));
  });
  await expect(
    writeFileBy(path, async (sink) => {
      await sink.write(Uint8Array.of(9));
      throw new Error('stopped');
    }),
  ).rejects.toThrow('stopped');
  expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  expect(await readdir(join(root, 'made'))).toEqual(['out']);
});

/** Answers of teachers that are kept on disk. */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Dataset, type Module } from '@espalier/nn';
import { configure, rand } from '@espalier/tensor';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { distill, parseRecipe, runRecipe, type TeacherCache } from '../../src/index.ts';
import { teacherCacheIn } from '../../src/node/index.ts';
import { perceptron, train, trained } from '../helpers/blobs.ts';
import { at } from '../helpers/at.ts';

let folder = '';
const notices: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teacher-'));
  configure({ warn: (notice) => void notices.push(notice) });
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  notices.length = 0;
  configure({ warn: console.warn });
});

const matches = [{ teacher: '1', student: '1', weight: 0.1 }];

/** The bytes of a student that learned with a cache, or without one. */
async function learned(cache?: TeacherCache, teacher?: Module, data: Dataset = train): Promise<Uint8Array[]> {
  const pass = distill({
    teacher: teacher ?? (await trained()),
    student: perceptron(8),
    matches,
    ...(cache && { cache }),
    train: { epochs: 2, batchSize: 50 },
  });
  const { model } = await runRecipe(await trained(), [pass], { data: { train: data }, seed: 2 });
  return Promise.all([...model.state().values()].map((each) => each.bytes()));
}

test('a student learns the same to the last bit without a cache, with an empty one, with a full one, and from disk', async () => {
  const without = await learned();
  expect(await learned(teacherCacheIn(folder))).toEqual(without);
  const files = await readdir(folder);
  expect(files).toHaveLength(1);
  const before = await readFile(join(folder, at(files, 0)));
  expect(await learned(teacherCacheIn(folder))).toEqual(without);
  expect(await learned(teacherCacheIn(folder, { memoryBytes: 0 }))).toEqual(without);
  expect(await readdir(folder)).toEqual(files);
  expect(await readFile(join(folder, at(files, 0)))).toEqual(before);
  expect(notices).toEqual([]);
});

test.each<[string, (path: string, bytes: Buffer) => Promise<void>]>([
  [
    'one bit is another',
    async (path, bytes) => {
      bytes[bytes.length - 5] = (bytes[bytes.length - 5] as number) ^ 1;
      await writeFile(path, bytes);
    },
  ],
  ['is cut', (path, bytes) => truncate(path, bytes.length - 8)],
  ['is empty', (path) => truncate(path, 0)],
  ['is something else', (path) => writeFile(path, 'no answers')],
])('a file of which %s is not used, and is computed again with a notice', async (_, damage) => {
  const without = await learned(teacherCacheIn(folder));
  const [file = ''] = await readdir(folder);
  const path = join(folder, file);
  const whole = await readFile(path);
  await damage(path, Buffer.from(whole));
  expect(await learned(teacherCacheIn(folder))).toEqual(without);
  expect(notices).toEqual([
    `distill: the answers of the teacher 'given' in ${file} are damaged; they are not used, and computed again`,
  ]);
  expect(await readFile(path)).toEqual(whole);
});

test('another teacher, and other examples, have files of their own', async () => {
  await learned(teacherCacheIn(folder));
  const other = build(perceptron(32), { seed: 77 });
  const wanted = await learned(undefined, other);
  expect(await learned(teacherCacheIn(folder), other)).toEqual(wanted);
  expect(await readdir(folder)).toHaveLength(2);
  const moved: Dataset = {
    ...train,
    prepare: (loaded) => ({ ...train.prepare(loaded), x: train.prepare(loaded).x.add(1) }),
    batch: async (rows) => {
      const { x, y } = await train.batch(rows);
      return { x: x.add(1), y };
    },
  };
  const movedWanted = await learned(undefined, undefined, moved);
  expect(await learned(teacherCacheIn(folder), undefined, moved)).toEqual(movedWanted);
  expect(await readdir(folder)).toHaveLength(3);
});

test('examples that are others whenever they are read are refused: no answer is right for them', async () => {
  const shaken: Dataset = {
    ...train,
    batch: async (rows) => {
      const { x, y } = await train.batch(rows);
      return { x: x.add(rand(x.shape)), y };
    },
  };
  await expect(learned(teacherCacheIn(folder), undefined, shaken)).rejects.toThrow(
    /the examples are others each time they are read \(augmentation\); leave out cache/u,
  );
});

test('a file that is changed while it is used is refused', async () => {
  const disk = teacherCacheIn(folder, { memoryBytes: 0 });
  const changed: TeacherCache = {
    ...disk,
    readPart: async (name, offset, length) => (await disk.readPart(name, offset, length)).map((byte) => byte ^ 1),
  };
  await expect(learned(changed)).rejects.toThrow(/was changed while its answers were used/u);
});

test('a recipe in JSON is given its cache beside its teacher', async () => {
  const teacher = await trained();
  const json = [
    { type: 'distill', teacher: 'given', student: perceptron(8), matches, train: { epochs: 2, batchSize: 50 } },
  ];
  const steps = parseRecipe(json, { teacher, cache: teacherCacheIn(folder) });
  const { model } = await runRecipe(teacher, steps, { data: { train }, seed: 2 });
  const bytes = await Promise.all([...model.state().values()].map((each) => each.bytes()));
  expect(bytes).toEqual(await learned());
  expect(await readdir(folder)).toHaveLength(1);
});

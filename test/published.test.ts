// The packages as they are published: bundled, without their sources, each beside nothing but what it depends on.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesIn, libraries, stagedFolder } from '../tools/published.mjs';
import { examplesIn } from './helpers/examples.ts';
import { root } from './helpers/sources.ts';

const run = promisify(execFile);
const folders = ['node_modules/.cache/espalier/installed', mkdtempSync(join(tmpdir(), 'espalier-'))] as const;
// Inside node_modules, where what the packages depend on is found; and where nothing is.
const [together, alone] = [join(root, folders[0]), folders[1]];

function install(library: string, folder: string): void {
  cpSync(join(root, stagedFolder(library)), join(folder, 'node_modules/@espalier', library.slice('packages/'.length)), {
    recursive: true,
  });
}

/** What a program prints that finds the packages installed in a folder. */
async function printed(folder: string, code: string): Promise<string> {
  const program = join(folder, 'program.mjs');
  writeFileSync(program, code);
  const { stdout } = await run(process.execPath, [program], { cwd: folder });
  return stdout;
}

beforeAll(async () => {
  await run(process.execPath, [join(root, 'tools/pack.mjs')]);
  rmSync(together, { recursive: true, force: true });
  mkdirSync(together, { recursive: true });
  for (const library of libraries) install(library, together);
  install('packages/search', alone);
});
afterAll(() => rmSync(alone, { recursive: true }));

test.each(libraries)('%s: the first example of its README runs', async (library) => {
  const [example] = examplesIn(library, readFileSync(join(root, library, 'README.md'), 'utf8'));
  expect((await printed(together, example?.code ?? '')).trimEnd().split('\n')).toEqual(
    expect.arrayContaining([...(example?.prints ?? ['missing'])]),
  );
});

test('search runs alone, and says what a file needs', async () => {
  const code = `
    import { createStudy, float, maxTrials, space, tpe } from '@espalier/search';
    const options = { name: 'alone', space: space({ x: float(-1, 1) }), objectives: ['minimize loss'], strategy: tpe() };
    const study = await createStudy(options);
    await study.run(({ config }) => config.x ** 2, { stop: [maxTrials(30)] });
    console.log(study.trials.length);
    await createStudy({ ...options, storage: 'journal:study.journal' }).catch((error) => console.log(String(error)));
  `;
  const refusal =
    'StorageError: storage journal:study.journal: it needs @espalier/storage: npm install @espalier/storage';
  expect(await printed(alone, code)).toBe(`30\n${refusal}\n`);
});

test('a storage that is installed and broken is not said to be missing', async () => {
  const broken = join(alone, 'broken');
  install('packages/search', broken);
  install('packages/storage', broken);
  const entry = join(broken, 'node_modules/@espalier/storage/dist/index.js');
  writeFileSync(entry, "import 'not-there';\n");
  const code = `
    import { openStorage } from '@espalier/search';
    await openStorage('journal:x').catch((error) => console.log(error.message.split(' imported')[0]));
  `;
  expect(await printed(broken, code)).toBe("Cannot find package 'not-there'\n");
});

test('search with storage: a study in a file, and the thread that keeps claims alive', async () => {
  const code = `
    import { createStudy, float, maxTrials, openStudy, space, tpe } from '@espalier/search';
    import { keepAlive } from '@espalier/storage';
    const storage = 'journal:study.journal';
    const domain = space({ x: float(-1, 1) });
    const study = await createStudy({ name: 'alone', space: domain, objectives: ['minimize loss'], strategy: tpe(), storage });
    await study.run(({ config }) => config.x ** 2, { stop: [maxTrials(30)] });
    await study.close();
    const again = await openStudy({ name: 'alone', storage });
    console.log(again.trials.length);
    await again.close();
    await (await keepAlive(storage, 'alone', 60_000)).close();
  `;
  expect(await printed(together, code)).toBe('30\n');
});

test('search depends on nothing, and is below 200,000 bytes', () => {
  const installed = join(alone, 'node_modules/@espalier/search');
  const manifest: unknown = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  expect(manifest).not.toHaveProperty('dependencies');
  const bytes = bytesIn(installed);
  console.log(`@espalier/search as published: ${bytes} bytes`);
  expect(bytes).toBeLessThan(200_000);
});

test('the declarations of search, their comments shortened, type what a user writes', async () => {
  const folder = join(alone, 'typed');
  mkdirSync(folder);
  const code = `
    import { createStudy, defineStrategy, float, choice, list, genetic, maxTrials, random, space, type Study, type Trial } from '@espalier/search';
    const domain = space({ x: float(0, 1), kind: choice({ a: { y: float(0, 1) }, b: {} }), l: list(float(0, 1), { max: 3 }) });
    const study = await createStudy({ name: 's', space: domain, objectives: ['minimize loss'], strategy: genetic({ population: 8 }) });
    const named: Study<{ readonly x: number }, 'loss'> | undefined = undefined;
    await study.run(({ config: { x, kind } }) => x + (kind.type === 'a' ? kind.y : 0), { stop: [maxTrials(9)] });
    const best: number | undefined = study.best?.config.x;
    const tried = (trial: Trial<{ x: number }>): number => trial.config.x;
    defineStrategy({ name: 'mine', defaults: {}, decide: ({ space, random: stream }) => ({ type: 'try', config: space.sample(stream), origin: { operator: 'sample' } }) });
    // @ts-expect-error: a strategy has no such option
    genetic({ populations: 8 });
    // @ts-expect-error: only the type of a study is exported
    new (await import('@espalier/search')).Study();
    export { best, named, random, tried };
  `;
  writeFileSync(join(folder, 'consumer.mts'), code);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    types: [],
    skipLibCheck: false,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }));
  const tsc = run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]);
  expect(await tsc.then(() => '').catch((error: { stdout: string }) => error.stdout)).toBe('');
});

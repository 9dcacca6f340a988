// The packages as they are published: bundled, without their sources, each beside nothing but what it depends on.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { libraries, stagedFolder } from '../tools/published.mjs';
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

test('search runs alone: a study in a file, and the thread that keeps claims alive', async () => {
  const code = `
    import { createStudy, float, maxTrials, openStudy, space, tpe } from '@espalier/search';
    import { keepAlive } from '@espalier/search/node';
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
  expect(await printed(alone, code)).toBe('30\n');
});

test('search depends on nothing, and its code is small', () => {
  const installed = join(alone, 'node_modules/@espalier/search');
  const manifest: unknown = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  expect(manifest).not.toHaveProperty('dependencies');
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  const code = files.filter((file) => file.endsWith('.js'));
  expect(code.reduce((sum, file) => sum + statSync(join(installed, file)).size, 0)).toBeLessThan(200_000);
});

// Every TypeScript block of every README and guide compiles, runs beside the packages as they are built, and prints what
// its comments say.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { build } from '../tools/build.mjs';
import { examplesIn } from './helpers/examples.ts';
import { root, workspaces } from './helpers/sources.ts';

const run = promisify(execFile);

const examples = ['README.md', ...workspaces.flatMap((folder) => [`${folder}/README.md`, `${folder}/GUIDE.md`])]
  .filter((file) => existsSync(join(root, file)))
  .flatMap((file) => examplesIn(file, readFileSync(join(root, file), 'utf8')));

// Inside node_modules, so that the programs find the workspace's packages as a user's would.
const folder = join(root, 'node_modules/.cache/espalier/examples');
const programOf = (name: string, ending: 'mts' | 'mjs'): string =>
  join(folder, `${name.replaceAll(/[^a-zA-Z0-9]+/g, '-')}.${ending}`);

test('a block, its line, its promises and its mark are read from Markdown', () => {
  const markdown = 'Hello\n\n```ts\nconst a = 1;\nconsole.log(a); // 1\n```\n```ts no-run\nb();\n```\n```sh\nls\n```\n';
  expect(examplesIn('X.md', markdown)).toEqual([
    { name: 'X.md:4', code: 'const a = 1;\nconsole.log(a); // 1\n', prints: ['1'], runs: true },
    { name: 'X.md:8', code: 'b();\n', prints: [], runs: false },
  ]);
});

describe.skipIf(examples.length === 0)('README', () => {
  beforeAll(async () => {
    if (!(await build())) throw new Error('the packages do not build: see above');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { name, code } of examples) writeFileSync(programOf(name, 'mts'), `${code}\nexport {};\n`);
    const config = {
      extends: join(root, 'test/tsconfig.base.json'),
      compilerOptions: { incremental: false, noEmit: false, allowImportingTsExtensions: false, customConditions: [] },
      include: ['*.mts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  });

  // They are JavaScript from here on: a compiler in each of their processes took longer than most of them.
  test('examples compile', async () => {
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });

  test.each(examples.filter(({ runs }) => runs))('$name prints what it says', async ({ name, prints }) => {
    const { stdout } = await run(process.execPath, [programOf(name, 'mjs')], { cwd: root });
    const printed = prints.length > 0 ? stdout.trimEnd().split('\n') : [];
    expect(printed).toEqual(prints);
  });
});

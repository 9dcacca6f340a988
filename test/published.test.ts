// The packages as people get them: all tarballs installed into an empty folder, and each library beside nothing but what
// it depends on.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { libraries, manifestOf, packages, tarballOf } from '../tools/published.mjs';
import { examplesIn } from './helpers/examples.ts';
import { root } from './helpers/sources.ts';

const execute = promisify(execFile);

/** An empty folder, with what `npm install` of some tarballs puts into it. */
async function installed(folders: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "nobody", "private": true, "type": "module" }\n');
  const tarballs = folders.map((name) => tarballOf(name, packed));
  await execute('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs], { cwd: folder });
  return folder;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program prints and ends with. */
async function ended(folder: string, program: string, ...args: readonly string[]): Promise<Ended> {
  const run = execute(program, [...args], { cwd: folder }).then((output) => ({ code: 0, ...output }));
  return run.catch((error: Ended) => error);
}

/** What a module prints that finds the packages installed in a folder. */
async function printed(folder: string, code: string): Promise<string> {
  writeFileSync(join(folder, 'program.mjs'), code);
  const { stdout, stderr } = await ended(folder, process.execPath, 'program.mjs');
  expect(stderr).toBe('');
  return stdout;
}

/** The folder of an installed package. */
const placeOf = (folder: string, name: string): string =>
  join(folder, 'node_modules', String(manifestOf(name)['name']));

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Whether a comment stands before the first declaration of a name. */
const isCommented = (name: string, declarations: string): boolean =>
  new RegExp(`\\*/\\nexport (?:declare |abstract )*(?:const|class|function|interface|type) ${name}\\b`).test(
    declarations,
  );

const packed = mkdtempSync(join(tmpdir(), 'espalier-packed-'));
let everything = '';
let searchAlone = '';
beforeAll(async () => {
  await execute(process.execPath, [join(root, 'tools/pack.mjs'), '--into', packed]);
  [everything, searchAlone] = await Promise.all([installed(packages), installed(['packages/search'])]);
});
afterAll(() => {
  for (const folder of [packed, everything, searchAlone]) if (folder !== '') rmSync(folder, { recursive: true });
});

describe('everything, installed from its tarballs into an empty folder', () => {
  test.each(libraries)('%s: the first example of its README runs', async (library) => {
    const [example] = examplesIn(library, readFileSync(join(placeOf(everything, library), 'README.md'), 'utf8'));
    expect((await printed(everything, example?.code ?? '')).trimEnd().split('\n')).toEqual(
      expect.arrayContaining([...(example?.prints ?? ['missing'])]),
    );
  });

  test('the command runs a study to its end', async () => {
    const study = `
      import { float, space } from '@espalier/search';
      export default { space: space({ x: float(-1, 1) }), objectives: ['minimize loss'], objective: ({ config }) => config.x ** 2 };
    `;
    writeFileSync(join(everything, 'study.mjs'), study);
    const line = ['espalier', 'study', 'run', 'square', 'study.mjs', '--trials', '5', '--storage', 'journal:s.journal'];
    const { code, stderr } = await ended(everything, 'npx', ...line, '--workers', '1');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const best = await ended(
      everything,
      'npx',
      'espalier',
      'study',
      'best',
      'square',
      '--storage',
      'journal:s.journal',
    );
    expect(best).toMatchObject({ code: 0, stdout: expect.stringContaining('loss') as string });
  });

  test('the command knows its version', async () => {
    const { stdout } = await ended(everything, 'npx', 'espalier', '--version');
    expect(stdout.trim()).toBe(manifestOf('apps/cli')['version']);
  });

  test.each([
    ['@espalier/tensor', "import { ones } from '@espalier/tensor';\nones([2, 3]).matmul(ones([4, 5]));", 'ShapeError'],
    ['@espalier/nn', "import { build } from '@espalier/nn';\nbuild({ type: 'linear' });", 'ConfigError'],
    ['@espalier/search', "import { float } from '@espalier/search';\nfloat(2, 1);", 'SpaceError'],
    ['@espalier/optimize', "import { prune } from '@espalier/optimize';\nprune({ sparsity: 2 });", 'RecipeError'],
  ])('an uncaught error of %s names its class and lines that exist, in less than 4 kB', async (_, code, name) => {
    writeFileSync(join(everything, 'throws.mjs'), code);
    const { stderr } = await ended(everything, process.execPath, 'throws.mjs');
    expect(stderr).toContain(`${name}: `);
    expect(stderr.length).toBeLessThan(4000);
    const places = [...stderr.matchAll(/(?:file:\/\/)?(\/[^\s()]*node_modules\/@espalier\/[^\s()]*?):(\d+)(?::\d+)?/g)];
    expect(places.length).toBeGreaterThan(0);
    for (const [, file = '', line] of places)
      expect(readFileSync(file, 'utf8').split('\n').length).toBeGreaterThanOrEqual(Number(line));
  });

  test.each(packages)('%s: every module has a map to a source that is there', (name) => {
    const folder = placeOf(everything, name);
    const maps = filesUnder(folder).filter((file) => file.endsWith('.map') && !file.endsWith('espalier.js.map'));
    expect(maps.length).toBeGreaterThan(0);
    for (const file of maps) {
      const { sources = [] } = JSON.parse(readFileSync(file, 'utf8')) as { readonly sources?: readonly string[] };
      for (const source of sources) expect(existsSync(resolve(dirname(file), source)), `${file}: ${source}`).toBe(true);
    }
  });

  test.each(packages)('%s: links of its documents lead somewhere', (name) => {
    const folder = placeOf(everything, name);
    for (const document of ['README.md', 'GUIDE.md'].filter((file) => existsSync(join(root, name, file)))) {
      const text = readFileSync(join(folder, document), 'utf8');
      const targets = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, target = '']) => target);
      const broken = targets.filter((target) => !/^https?:/.test(target) && !existsSync(join(folder, target)));
      expect(broken, `${name}/${document}`).toEqual([]);
    }
  });

  test.each(libraries)('%s: the editor shows a comment for everything it exports', (library) => {
    const folder = join(placeOf(everything, library), 'dist');
    const lists = filesUnder(folder).filter((file) => file.endsWith('/index.d.ts'));
    const uncommented = lists.flatMap((list) =>
      [...readFileSync(list, 'utf8').matchAll(/export (?:type )?\{([^}]*)\} from '(\.[^']*)\.js'/g)].flatMap(
        ([, names = '', module = '']) => {
          const declarations = readFileSync(resolve(dirname(list), `${module}.d.ts`), 'utf8');
          const exported = names.split(',').flatMap((name) => name.trim().replace(/^type | as .*$/g, '') || []);
          return exported.filter((name) => !isCommented(name, declarations)).map((name) => `${module}: ${name}`);
        },
      ),
    );
    expect(uncommented).toEqual([]);
  });

  test('a storage that is installed and broken is not said to be missing', async () => {
    const storage = join(placeOf(searchAlone, 'packages/search'), '../storage');
    mkdirSync(storage);
    const manifest = { name: '@espalier/storage', version: '0.1.0', type: 'module', exports: './index.js' };
    writeFileSync(join(storage, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(storage, 'index.js'), "import 'not-there';\n");
    const code = `
      import { openStorage } from '@espalier/search';
      await openStorage('journal:x').catch((error) => console.log(error.message.split(' imported')[0]));
    `;
    expect(await printed(searchAlone, code)).toBe("Cannot find package 'not-there'\n");
    rmSync(storage, { recursive: true });
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
    expect(await printed(everything, code)).toBe('30\n');
  });
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
  expect(await printed(searchAlone, code)).toBe(`30\n${refusal}\n`);
  expect(readdirSync(join(searchAlone, 'node_modules/@espalier'))).toEqual(['search']);
});

test('the declarations type what a user writes', async () => {
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
  const folder = join(searchAlone, 'typed');
  mkdirSync(folder);
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
  const { stdout } = await ended(folder, join(root, 'node_modules/.bin/tsc'), '-p', folder);
  expect(stdout).toBe('');
});

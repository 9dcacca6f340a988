// The joined modules of a package: few files, in which each module is once, and things are found where they were.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinModules } from '../tools/join.mjs';

const root = mkdtempSync(join(tmpdir(), 'espalier-join-'));
const dist = join(root, 'dist');
const joined = join(dist, 'joined');
const write = (name: string, code: string): void => {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), code);
  if (!name.endsWith('.js')) return;
  const source = name.replace('dist', 'src').replace(/js$/, 'ts');
  write(source, code);
  const sources = ['../'.repeat(name.split('/').length - 1) + source];
  write(`${name}.map`, JSON.stringify({ version: 3, names: [], sources, mappings: 'AAAA;AACA;AACA' }));
};

beforeAll(async () => {
  const exported = (name: string): object => ({ node: `./dist/joined/${name}.js`, default: `./dist/${name}.js` });
  const manifest = { name: 'twice', type: 'module', exports: { '.': exported('index'), './other': exported('other') } };
  write('package.json', JSON.stringify(manifest));
  write('dist/registry.js', 'export const known = new Set();\n');
  write(
    'dist/inner/add.js',
    "import { known } from '../registry.js';\n/** Adds. */\nexport const add = (x) => known.add(x);\n",
  );
  write('dist/index.js', "export { add } from './inner/add.js';\nexport { places } from './inner/places.js';\n");
  write('dist/other.js', "export { known } from './registry.js';\n");
  write(
    'dist/inner/places.js',
    "export const places = [new URL('./worker.js', import.meta.url), new URL('../../data.txt', import.meta.url)];\n",
  );
  write('dist/inner/worker.js', "import { known } from '../registry.js';\nconsole.log('worker', known.size);\n");
  write('data.txt', 'data');
  await joinModules(dist);
});
afterAll(() => rmSync(root, { recursive: true }));

const printed = (code: string): string =>
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root, encoding: 'utf8' });

test('entries share what both need: what one registers, the other knows', () => {
  const code = "import { add } from 'twice'; import { known } from 'twice/other'; add(1); console.log(known.size);";
  expect(printed(code)).toBe('1\n');
});

test('what a module names by its own place is found: a module of the package joined, a file where it lies', () => {
  const code =
    "import { readFileSync } from 'node:fs'; import { places } from 'twice'; console.log(places[0].pathname, readFileSync(places[1], 'utf8')); await import(places[0]);";
  expect(printed(code)).toBe(`${join(joined, 'inner-worker.js')} data\nworker 0\n`);
});

test('maps lead to sources', () => {
  const maps = readdirSync(joined).filter((name) => name.endsWith('.map'));
  const sources = maps.flatMap((name) => {
    const { sources: found } = JSON.parse(readFileSync(join(joined, name), 'utf8')) as { readonly sources: string[] };
    return found.map((source) => join(joined, source));
  });
  expect(sources).toContain(join(root, 'src/inner/add.ts'));
  for (const source of sources) expect(statSync(source).isFile()).toBe(true);
});

test('is done again when a module has changed, and not otherwise', async () => {
  const made = (): number => statSync(join(joined, 'index.js')).mtimeMs;
  const first = made();
  await joinModules(dist);
  expect(made()).toBe(first);
  write('dist/registry.js', "export const known = new Set(['changed']);\n");
  await joinModules(dist);
  expect(printed("import { known } from 'twice/other'; console.log(known.size);")).toBe('1\n');
});

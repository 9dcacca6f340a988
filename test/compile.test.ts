// The build: each `dist` holds what its `src` says, whatever happened since the last one.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { command } from '../tools/command.mjs';
import { compile } from '../tools/compile.mjs';

const root = mkdtempSync(join(tmpdir(), 'espalier-compile-'));
const folder = join(root, 'package');
const source = (name: string): string => join(folder, 'src', name);
const output = (name: string): string => join(folder, 'dist', name);
const tsc = (): Promise<{ ok: boolean; output: string }> => command('tsc -b', folder);
const build = (compiler = tsc): Promise<{ ok: boolean; output: string }> => compile({ folders: [folder], compiler });

beforeEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(source('inner'), { recursive: true });
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        composite: true,
        sourceMap: true,
        declarationMap: true,
        types: [],
        rootDir: 'src',
        outDir: 'dist',
        tsBuildInfoFile: 'dist/.build/src.tsbuildinfo',
      },
      include: ['src'],
    }),
  );
  for (const name of ['kept', 'inner/gone']) writeFileSync(source(`${name}.ts`), 'export const value: number = 1;\n');
  await build();
});
afterAll(() => rmSync(root, { recursive: true }));

test('what a source that is gone was compiled to is gone, so that no package ships it', async () => {
  expect(existsSync(output('inner/gone.d.ts.map'))).toBe(true);
  rmSync(source('inner/gone.ts'));
  expect((await build()).ok).toBe(true);
  for (const ending of ['js', 'js.map', 'd.ts', 'd.ts.map']) {
    expect(existsSync(output(`inner/gone.${ending}`))).toBe(false);
    expect(existsSync(output(`kept.${ending}`))).toBe(true);
  }
});

test('an output that somebody removed is there again', async () => {
  rmSync(output('kept.d.ts'));
  expect((await build()).ok).toBe(true);
  expect(existsSync(output('kept.d.ts'))).toBe(true);
});

test('what is saved while the compiler works is compiled, though the compiler takes it for older than its work', async () => {
  let runs = 0;
  const slow = async (): ReturnType<typeof tsc> => {
    const start = new Date();
    const done = await tsc();
    if (runs++ === 0) {
      writeFileSync(source('kept.ts'), 'export const value: number = 2;\n');
      utimesSync(source('kept.ts'), start, start);
    }
    return done;
  };
  expect((await build(slow)).ok).toBe(true);
  expect(readFileSync(output('kept.js'), 'utf8')).toContain('value = 2');
});

test('an error of types fails each build until it is mended, and the last words are about what is there', async () => {
  writeFileSync(source('kept.ts'), "export const value: number = 'one';\n");
  for (let time = 0; time < 2; time++) {
    const { ok, output: words } = await build();
    expect(ok).toBe(false);
    expect(words).toContain('TS2322');
  }
  writeFileSync(source('kept.ts'), 'export const value: number = 3;\n');
  expect(await build()).toEqual({ ok: true, output: '' });
});

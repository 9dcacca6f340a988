import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { espalier, main } from '../helpers/cli.ts';
import { runHere as run } from '../helpers/run-here.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a usage error is one line, code 2, and no trace', () => {
  test.each<readonly [string, readonly string[], string]>([
    [
      'an unknown option',
      ['run', '--sed', '3'],
      "espalier: unknown option '--sed' (Did you mean --seed?); see espalier run --help\n",
    ],
    [
      'an unknown command',
      ['serch'],
      "espalier: unknown command 'serch' (Did you mean search?); see espalier --help\n",
    ],
    [
      'a word that is no choice',
      ['run', '--strategy', 'best'],
      "espalier: option '--strategy <name>': there is no 'best': use one of random, greedy, genetic, auto, adaptive, aging-evolution, beam, coordinate-descent, sobol, tpe; see espalier run --help\n",
    ],
    [
      'a number that is none',
      ['search', '--trials', 'many'],
      "espalier: option '--trials <n>' argument 'many' is invalid. Give a whole number from 1; see espalier search --help\n",
    ],
    [
      'a number out of range',
      ['prune', 'x', '--sparsity', '1', '-o', 'y'],
      "espalier: option '--sparsity <part>' argument '1' is invalid. Give a number between 0 and 1; see espalier prune --help\n",
    ],
    ['a missing argument', ['eval'], "espalier: missing required argument 'models'; see espalier eval --help\n"],
    [
      'a missing option',
      ['quantize', 'x'],
      "espalier: required option '-o, --output <folder>' not specified; see espalier quantize --help\n",
    ],
    [
      'an argument that is empty',
      ['inspect', ''],
      'espalier: an argument is empty: name what is meant, or leave it out; see espalier inspect --help\n',
    ],
    [
      'a value of an option that is empty',
      ['study', 'export', '-o', ''],
      'espalier: an argument is empty: name what is meant, or leave it out; see espalier study export --help\n',
    ],
    [
      'an argument too many',
      ['devices', 'all'],
      "espalier: too many arguments for 'devices'. Expected 0 arguments but got 1; see espalier devices --help\n",
    ],
    [
      'nearly a choice',
      ['run', '--strategy', 'gredy'],
      "espalier: option '--strategy <name>': there is no 'gredy': did you mean 'greedy'? use one of random, greedy, genetic, auto, adaptive, aging-evolution, beam, coordinate-descent, sobol, tpe; see espalier run --help\n",
    ],
    [
      'an unknown option of a command of a group',
      ['study', 'run', 'x', '--stratgy', 'tpe'],
      "espalier: unknown option '--stratgy' (Did you mean --strategy?); see espalier study run --help\n",
    ],
    ['a recipe that is a folder', ['run', tmpdir()], `espalier: ${tmpdir()}: this is a folder: give a file\n`],
    [
      'a recipe that is not there',
      ['run', 'no-such.yaml'],
      'espalier: no-such.yaml: there is no such file or folder: check the path\n',
    ],
    [
      'a model that is not there',
      ['eval', 'no-such'],
      'espalier: no-such: there is no such folder: give the folder of a saved model, such as runs/quickstart/searched\n',
    ],
    [
      'a folder that is no model',
      ['inspect', tmpdir()],
      `espalier: ${tmpdir()}: there is no config.json in it: give the folder of a saved model, such as runs/quickstart/searched\n`,
    ],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stderr).toBe(message);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  test('a mistake in a recipe is told with line and column', async () => {
    const recipe = join(folder, 'wrong.yaml');
    writeFileSync(recipe, 'seed: 1\nprune:\n  sparsty: 0.9\n');
    const { code, stderr } = await run('run', recipe);
    expect(stderr).toBe(`espalier: ${recipe}:3:3: prune: there is no 'sparsty' here: did you mean 'sparsity'?\n`);
    expect(code).toBe(2);
  });

  test('a mistake in a candidate is told with line and column', async () => {
    const file = join(folder, 'candidate.yaml');
    writeFileSync(file, 'architecture: { blocks: 9 }\n');
    const { code, stderr } = await run('train', file, '-o', join(folder, 'model'));
    expect(stderr).toBe(`espalier: ${file}:1:25: architecture.blocks: is 9: give a whole number from 1 to 3\n`);
    expect(code).toBe(2);
  });

  test('a damaged model names the file', async () => {
    writeFileSync(join(folder, 'config.json'), '{');
    writeFileSync(join(folder, 'model.safetensors'), '');
    const { code, stderr } = await run('inspect', folder);
    expect(stderr).toMatch(/^espalier: .*config\.json: [^\n]*\n$/u);
    expect(code).toBe(2);
  });

  test('no command at all shows the help', async () => {
    const { code, stderr, stdout } = await run();
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: espalier');
  });
});

describe('help', () => {
  const own = [
    'run',
    'search',
    'train',
    'optimize',
    'prune',
    'quantize',
    'distill',
    'eval',
    'inspect',
    'data',
    'devices',
    'worker',
  ];
  const looking = ['list', 'status', 'best', 'trials', 'compare', 'importance', 'watch'];
  const ofStudies = ['create', 'run', 'resume', ...looking, 'export', 'import', 'retry'].map((name) => `study ${name}`);
  test.each([...own, 'study', ...ofStudies])('%s has a description and examples', async (command) => {
    const { code, stdout, stderr } = await run(...command.split(' '), '--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: espalier ${command}`);
    expect(stdout).toContain(`$ espalier ${command} `);
  });

  test('the version is that of the package', async () => {
    const { code, stdout } = await run('--version');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
  });

  test('the built-in recipe can be printed', async () => {
    const { code, stdout } = await run('run', '--print-recipe');
    expect(code).toBe(0);
    expect(stdout).toContain('name: quickstart');
  });
});

test('the devices as JSON are one line on stdout', async () => {
  const { code, stdout } = await espalier(['devices', '--json']);
  expect(code).toBe(0);
  const { devices } = JSON.parse(stdout) as {
    readonly devices: readonly { readonly name: string; readonly available: boolean }[];
  };
  expect(devices.map(({ name }) => name)).toEqual(['cpu', 'webgpu', 'reference']);
  expect(devices.find(({ name }) => name === 'cpu')?.available).toBe(true);
});

describe('as a process', () => {
  test('ends with the code and prints no trace', async () => {
    const { code, stdout, stderr } = await espalier(['run', '--sed', '3']);
    expect(stderr).toBe("espalier: unknown option '--sed' (Did you mean --seed?); see espalier run --help\n");
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  test('a device that is not here is code 3', async () => {
    const noDriver = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
    const { code, stderr } = await espalier(['run', '--device', 'webgpu', '-o', folder], { env: noDriver });
    // What comes before is the driver's own.
    expect(stderr).toMatch(/^espalier: device: there is no WebGPU here[^\n]*\n$/mu);
    expect(stderr).not.toContain('.js:');
    expect(code).toBe(3);
  });
});

test.each<readonly [string, readonly string[], string]>([
  ['a command line that is wrong', ['devices', '--jsn', '--json'], 'usage'],
  ['a study that there is not', ['study', 'status', 'none', '--storage', 'memory:', '--json'], 'usage'],
])('%s is told to programs with its code under --json', async (_, args, code) => {
  const { stdout, stderr } = await run(...args);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
  expect(error.code).toBe(code);
  expect(stderr).toContain(error.message);
});

// A device of Linux that is always full.
test.skipIf(!existsSync('/dev/full'))('a result that cannot be written is said once, on stderr', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [main, 'devices', '--json'], {
    stdio: ['ignore', full, 'pipe'],
  });
  expect(stderr.toString()).toMatch(/^espalier: the result cannot be written to stdout: the disk is full[^\n]*\n$/mu);
  expect(stderr.toString().match(/espalier:/gu)).toHaveLength(1);
  expect(status).toBe(1);
});

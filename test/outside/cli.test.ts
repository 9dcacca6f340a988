// The command line with a package from outside: `--plugin` loads it, in TypeScript as it is, here and in workers.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as buildModel } from '@espalier/nn';
import { quantizationOf, runRecipe } from '@espalier/optimize';
import { loadOptimized, saveOptimized } from '@espalier/optimize/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from '../../tools/build.mjs';
import { root } from '../helpers/sources.ts';
import './package/index.ts';
import { limit } from './package/pass.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-plugin-'));
const [model, images] = [join(folder, 'model'), join(folder, 'images')];
const plugin = 'test/outside/package/index.ts';

interface Run {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line, as it is built, in a process of its own. */
function espalier(...args: readonly string[]): Promise<Run> {
  const main = join(root, 'apps/cli/bin/espalier.mjs');
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** Some images of 4 by 4 under MNIST's names, whose class is the row that is lit. */
function writeImages(): void {
  mkdirSync(images);
  for (const [name, count] of [
    ['train', 64],
    ['t10k', 32],
  ] as const) {
    const header = (...shape: readonly number[]): Buffer => {
      const bytes = Buffer.alloc(4 + 4 * shape.length);
      for (const [place, value] of [0x0800 + shape.length, ...shape].entries()) bytes.writeUInt32BE(value, 4 * place);
      return bytes;
    };
    const pixels = Uint8Array.from({ length: count * 16 }, (_, at) =>
      (at >> 2) % 4 === (at >> 4) % 4 ? 255 - (at % 7) : at % 50,
    );
    const labels = Uint8Array.from({ length: count }, (_, at) => at % 4);
    writeFileSync(join(images, `${name}-images-idx3-ubyte`), Buffer.concat([header(count, 4, 4), pixels]));
    writeFileSync(join(images, `${name}-labels-idx1-ubyte`), Buffer.concat([header(count), labels]));
  }
}

beforeAll(async () => {
  if (!(await build())) throw new Error('the packages do not build: see above');
  writeImages();
  const layers = [
    { type: 'flatten' },
    { type: 'linear', in: 16, out: 8 },
    { type: 'gain', features: 8 },
    { type: 'relu' },
    { type: 'linear', in: 8, out: 4 },
  ];
  const { model: made } = await runRecipe(buildModel({ type: 'sequential', layers }, { seed: 1 }), [
    limit({ part: 0.8 }),
  ]);
  await saveOptimized(model, made, { metadata: { input: [1, 4, 4] } });
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a model of its layer and its view is shown with it, and refused by name without it', async () => {
  const without = await espalier('inspect', model);
  expect(without.code).toBe(2);
  expect(without.stderr).toContain("'gain' is no known module");
  const { code, stdout } = await espalier('inspect', model, '--json', '--plugin', plugin);
  expect(code).toBe(0);
  const { layers } = JSON.parse(stdout) as { readonly layers: readonly { type: string; stored: string }[] };
  expect(layers[1]).toMatchObject({ type: 'linear', stored: 'viewed float32' });
  expect(layers[2]).toMatchObject({ type: 'gain', parameters: 8 });
});

test('its score is a method of prune, in a worker, and the result keeps its view', async () => {
  const output = join(folder, 'pruned');
  const prune = ['prune', model, '-o', output, '--method', 'row-relative', '--data', images, '--device', 'cpu'];
  const rest = ['--sparsity', '0.5', '--epochs', '1', '--batch', '16', '--json'];
  const without = await espalier(...prune, ...rest);
  expect(without.code).toBe(2);
  expect(without.stderr).toContain("there is no 'row-relative'");
  const { code, stderr } = await espalier(...prune, ...rest, `--plugin=${plugin}`);
  expect(stderr).not.toContain('espalier:');
  expect(code).toBe(0);
  const { model: pruned, optimization } = await loadOptimized(output);
  const names = pruned
    .namedParameters()
    .get('1.weight')
    ?.views.map(({ name }) => name);
  expect(names).toEqual(['mask', 'ceiling']);
  expect(JSON.stringify(optimization)).toContain('by magnitude within rows');
});

test('its number format is one of quantize, in a worker, and not without it', async () => {
  const output = join(folder, 'six-bits');
  const quantize = [
    'quantize',
    model,
    '-o',
    output,
    '--weights',
    'int6',
    '--data',
    images,
    '--device',
    'cpu',
    '--json',
  ];
  const without = await espalier(...quantize);
  expect(without.code).toBe(2);
  expect(without.stderr).toContain("there is no 'int6'");
  const { code, stderr } = await espalier(...quantize, '--plugin', plugin);
  expect(code, stderr).toBe(0);
  const { model: rounded } = await loadOptimized(output);
  const weight = rounded.namedParameters().get('4.weight');
  expect(weight && quantizationOf(weight)?.format).toBe('int6');
});

test('its names are choices of a search, which its recipe and its winner are read with, and refused at their line without it', async () => {
  const recipe = join(folder, 'search.yaml');
  writeFileSync(
    recipe,
    `data: { source: ${JSON.stringify(images)}, validation: 16 }
device: cpu
search:
  trials: 2
  images: 32
  epochs: 1
  space:
    architecture:
      perceptron: { width: [4, 8], behind: gain, activation: [softsign] }
    initialiser: even
    training:
      optimizer:
        cautious: { lr: [0.1, 0.2] }
      schedule: [zigzag]
      batch: 8
prune: { method: row-relative }
quantize: { weights: int6 }
`,
  );
  const output = join(folder, 'found');
  const search = ['search', recipe, '-o', output, '--json'];
  const without = await espalier(...search);
  expect(without.code).toBe(2);
  expect(without.stderr).toContain(`${recipe}:9:7: search.space.architecture: there is no 'perceptron' here`);
  const { code, stderr, stdout } = await espalier(...search, '--plugin', plugin);
  expect(code, stderr).toBe(0);
  const { winner } = JSON.parse(stdout) as { readonly winner: unknown };
  expect(winner).toMatchObject({
    architecture: { type: 'perceptron', behind: 'gain', activation: 'softsign' },
    initialiser: 'even',
    training: { optimizer: { type: 'cautious' }, schedule: 'zigzag' },
  });
  const trained = join(folder, 'trained');
  const train = ['train', join(output, 'winner.yaml'), '-o', trained, '--data', images, '--epochs', '1'];
  const unknown = await espalier(...train, '--device', 'cpu');
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(
    /winner\.yaml:\d+:\d+: architecture\.type: is "perceptron": use one of conv-net, convolutional/u,
  );
  const made = await espalier(...train, '--device', 'cpu', '--plugin', plugin);
  expect(made.code, made.stderr).toBe(0);
  const { model: found } = await loadOptimized(trained);
  expect([...found.children().values()].map(({ type }) => type)).toEqual([
    'flatten',
    'linear',
    'gain',
    'softsign',
    'linear',
  ]);
});

test('its storage keeps studies, also of worker processes, which load it too; and a study names no plugin', async () => {
  const storage = ['--storage', `shelf:${join(folder, 'shelf')}`];
  const run = ['study', 'run', 'p', 'test/outside/parabola.ts', ...storage, '--trials', '6'];
  const without = await espalier(...run);
  expect(without.code).toBe(2);
  expect(without.stderr).toContain("there is no kind 'shelf:'");
  expect(without.stderr).toContain('known are memory, journal, sqlite, postgres, postgresql');
  const made = await espalier(...run, '--processes', '2', '--plugin', plugin);
  expect(made.code, made.stderr).toBe(0);
  expect(made.stderr).toContain(`--plugin ${plugin}`);
  const { stdout, code } = await espalier('study', 'trials', 'p', ...storage, '--json', '--plugin', plugin);
  expect(code).toBe(0);
  const trials = JSON.parse(stdout) as readonly { readonly state: string }[];
  expect(trials.length).toBeGreaterThanOrEqual(6);
  expect(trials.every(({ state }) => state === 'complete')).toBe(true);
  const worker = await espalier('worker', ...storage, '--source', 'test/outside/parabola.ts', '--plugin', plugin);
  expect(worker.code, worker.stderr).toBe(0);
  expect(worker.stdout).toContain('stopped by');
  expect(readFileSync(join(folder, 'shelf', 'studies.db')).includes(plugin)).toBe(false);
});

test('what it prints, when it is loaded and when it is called in a worker, is not in the result', async () => {
  const loud = join(folder, 'loud.mjs');
  const score = "(values) => { console.log('called'); return values.map((_, index) => index); }";
  writeFileSync(
    loud,
    `import { registerScore } from '@espalier/optimize';
console.log('loaded');
registerScore({ type: 'loud', score: ${score} });
`,
  );
  const output = join(folder, 'loudly');
  const prune = ['prune', model, '-o', output, '--method', 'loud', '--data', images, '--device', 'cpu'];
  const rest = ['--epochs', '1', '--batch', '16', '--json', '--plugin', loud, '--plugin', plugin];
  const { code, stdout, stderr } = await espalier(...prune, ...rest);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toBeTypeOf('object');
  expect(stderr).toContain('loaded');
  expect(stderr).toContain('called');
});

test.each([
  ['ends the process', 'process.exit(0);', 'called process.exit'],
  ['leaves an error that nothing catches', "Promise.reject(new Error('left'));", 'nothing caught: Error: left'],
])('one that %s is told to programs, too', async (_, text, reason) => {
  const rude = join(folder, 'rude.mjs');
  writeFileSync(rude, `${text}\n`);
  const { code, stdout } = await espalier('inspect', model, '--json', '--plugin', rude, '--plugin', plugin);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { message: expect.stringContaining(reason) } });
});

test('what cannot be loaded ends the command with the reason, before anything is done', async () => {
  const broken = join(folder, 'broken.mjs');
  writeFileSync(
    broken,
    "import { registerLoss } from '@espalier/nn';\nregisterLoss({ type: 'mse', loss: () => {} });\n",
  );
  for (const [file, reason] of [
    [join(folder, 'missing.mjs'), 'there is no such file'],
    [broken, "there is another loss of the name 'mse'"],
  ] as const) {
    const { code, stderr } = await espalier('inspect', model, '--plugin', file);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
  }
  // A command that has no use for one runs none.
  expect((await espalier('devices', '--plugin', broken)).stderr).toContain("unknown option '--plugin'");
});

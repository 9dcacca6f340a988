import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunReport } from '@espalier/pipeline';
import { describeKernel } from '../../src/report/kernels.ts';
import { espalier } from '../helpers/cli.ts';
import { tinyRecipe, writeTinyImages } from '../helpers/tiny-images.ts';

let folder = '';
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const weights = (run: string, row: string): Buffer => readFileSync(at(run, row, 'model.safetensors'));

function writeRecipe(name: string): string {
  const file = at(`${name}.yaml`);
  writeFileSync(file, tinyRecipe(at('images'), at(name)));
  return file;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-'));
  writeTinyImages(at('images'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a whole run on small images', () => {
  let report: RunReport;

  test('prints one object, writes the report and a folder for each model', async () => {
    const { code, stdout, stderr } = await espalier(['run', writeRecipe('first'), '--json']);
    expect(stderr).toContain('✓ measure');
    expect(code).toBe(0);
    report = JSON.parse(stdout) as RunReport;
    expect(JSON.parse(readFileSync(at('first', 'report.json'), 'utf8'))).toEqual(report);
    expect(report.rows.map(({ name }) => name)).toEqual(['searched', 'random-mask', 'pruned', 'int8', 'student']);
    expect(report.search.trials).toHaveLength(4);
    // A row says what was done, not what might have been.
    const passes = report.rows.map((row) => row.passes.join('; '));
    expect(passes[0]).toBe('');
    expect(passes[1]).toMatch(/^drop .* at random, in one ranking .* on a cubic schedule of \d+ updates/u);
    expect(passes[2]).toMatch(/^drop .* by LAMP, in one ranking .* trained for \d+ epochs?$/u);
    expect(passes[3]).toBe(
      `${passes[2]}; round the weights of ${/of (\d+) tensors/u.exec(passes[3] ?? '')?.[1]} tensors to int8 by channel`,
    );
    expect(passes[4]).toMatch(/^learn from a teacher of .* T = 4, α = /u);
    expect(readFileSync(at('first', 'report.html'), 'utf8')).toContain('<h1>tiny</h1>');
  });

  test('each model is what its row promises', () => {
    const [searched, random, pruned, int8, student] = report.rows;
    expect(searched?.accuracy).toBeGreaterThan(0.9);
    expect(pruned?.nonZeros).toBeLessThan(0.15 * (searched?.parameters ?? 0));
    // The masks keep the same number of weights; now and then a bias happens to be zero.
    expect(Math.abs((pruned?.nonZeros ?? 0) - (random?.nonZeros ?? 0))).toBeLessThan(20);
    expect(int8?.nonZeros).toBeLessThanOrEqual(pruned?.nonZeros ?? 0);
    expect(int8?.bytes).toBeLessThan(pruned?.bytes ?? 0);
    expect(student?.parameters).toBeLessThanOrEqual(0.3 * (searched?.parameters ?? 0));
    expect(report.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(200);
  });

  test.each(['searched', 'random-mask', 'pruned', 'int8', 'student'])(
    '%s is as good in a new process, to the last image',
    async (row) => {
      const { code, stdout } = await espalier([
        'eval',
        at('first', row),
        '--data',
        at('images'),
        '--json',
        '--quiet',
        '--device',
        'cpu',
      ]);
      expect(code).toBe(0);
      const expected = report.rows.find(({ name }) => name === row);
      const { accuracy, bytes, nonZeros } = JSON.parse(stdout) as NonNullable<typeof expected>;
      expect({ accuracy, bytes, nonZeros }).toEqual({
        accuracy: expected?.accuracy,
        bytes: expected?.bytes,
        nonZeros: expected?.nonZeros,
      });
    },
  );

  test('inspect counts what the report counts, and both say the same of what compressed weights run on', async () => {
    const { stdout } = await espalier(['inspect', at('first', 'int8'), '--json']);
    const { parameters, nonZeros, macs, bytes, layers } = JSON.parse(stdout) as NonNullable<
      RunReport['rows'][number]
    > & { readonly layers: readonly { readonly kernel: string }[] };
    const row = report.rows.find(({ name }) => name === 'int8');
    expect({ parameters, nonZeros, macs, bytes }).toEqual({
      parameters: row?.parameters,
      nonZeros: row?.nonZeros,
      macs: row?.macs,
      bytes: row?.bytes,
    });
    const { kernels = [] } = row ?? {};
    expect(kernels.length).toBeGreaterThan(0);
    expect(layers.flatMap(({ kernel }) => (kernel === '' ? [] : [kernel]))).toEqual(kernels.map(describeKernel));
    expect(kernels.every(({ microseconds }) => (microseconds?.own ?? 0) > 0)).toBe(true);
  });

  test('stopped in the middle it can be resumed, and ends with the same models, byte for byte', async () => {
    const recipe = writeRecipe('second');
    let asked = false;
    const stopped = await espalier(['run', recipe], {
      onStderr: (text, kill) => {
        if (asked || !text.includes('2 of 4 trials')) return;
        asked = true;
        kill('SIGINT');
      },
    });
    expect(stopped.stderr).toContain(`espalier: interrupted; to go on: npx espalier run ${recipe} --resume\n`);
    expect(stopped.stderr).not.toMatch(/^\s+at /mu);
    expect(stopped.code).toBe(130);
    const resumed = await espalier(['run', recipe, '--resume', '--quiet']);
    expect(resumed.stderr).toBe('');
    expect(resumed.stdout).toContain('pruned');
    expect(resumed.code).toBe(0);
    for (const { name } of report.rows) expect(weights('second', name).equals(weights('first', name))).toBe(true);
  });

  test('what was made with another recipe is not resumed', async () => {
    const recipe = writeRecipe('third');
    const { code, stderr } = await espalier(['run', recipe, '--resume', '--quiet']);
    expect(code).toBe(2);
    expect(stderr).toContain('there is nothing to resume');
  });
});

describe('the steps one by one', () => {
  test('search, train, prune, quantize and distil build on each other', async () => {
    const data = ['--data', at('images'), '--device', 'cpu', '--json', '--quiet'];
    const step = async (...args: readonly string[]): Promise<unknown> => {
      const { code, stdout, stderr } = await espalier([...args, ...data]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      return JSON.parse(stdout);
    };
    await step('search', writeRecipe('steps'), '--trials', '2', '-o', at('steps'));
    const winner = at('steps', 'winner.yaml');
    const trained = (await step('train', winner, '--epochs', '4', '-o', at('steps/model'))) as {
      readonly accuracy: number;
    };
    expect(trained.accuracy).toBeGreaterThan(0.8);
    await step('prune', at('steps/model'), '--sparsity', '0.5', '--epochs', '2', '-o', at('steps/pruned'));
    const rounded = (await step('quantize', at('steps/pruned'), '-o', at('steps/int8'))) as {
      readonly before: { readonly nonZeros: number };
      readonly after: { readonly nonZeros: number };
    };
    expect(rounded.after.nonZeros).toBeLessThanOrEqual(rounded.before.nonZeros);
    await step(
      'distill',
      at('steps/model'),
      '--student',
      winner,
      '--size',
      '0.5',
      '--epochs',
      '2',
      '-o',
      at('steps/student'),
    );
  });

  test('a training that is stopped goes on from its checkpoint, to the same model', async () => {
    const candidate = at('candidate.yaml');
    writeFileSync(
      candidate,
      `architecture: { blocks: 1, channels: 8, kernel: 3, hidden: 32, activation: relu, batchNorm: true }
initialiser: kaiming-normal
training: { optimizer: { type: adam, lr: 0.001 }, schedule: cosine, batch: 20 }`,
    );
    const train = (name: string): readonly string[] => {
      return ['train', candidate, '--epochs', '40', '--data', at('images'), '--device', 'cpu', '-o', at(name)];
    };
    await espalier([...train('whole'), '--quiet']);
    let asked = false;
    const stopped = await espalier(train('stopped'), {
      onStderr: (text, kill) => {
        if (asked || !/train: \d+ %/u.test(text)) return;
        asked = true;
        kill('SIGINT');
      },
    });
    expect(stopped.stderr).toMatch(/^espalier: interrupted; to go on: npx espalier train .* --resume$/mu);
    expect(stopped.code).toBe(130);
    expect(existsSync(at('stopped'))).toBe(false);
    expect(existsSync(at('.stopped.espalier-work', 'checkpoint.safetensors'))).toBe(true);
    const resumed = await espalier([...train('stopped'), '--resume', '--quiet']);
    expect(resumed.code).toBe(0);
    expect(existsSync(at('stopped', 'checkpoint.safetensors'))).toBe(false);
    expect(weights('.', 'stopped').equals(weights('.', 'whole'))).toBe(true);
  });

  test('images that are not there are told by name', async () => {
    const { code, stderr } = await espalier(['run', '--data', at('nowhere'), '--quiet']);
    expect(stderr).toMatch(/^espalier: [^\n]*nowhere: there is no such file or folder: [^\n]*\n$/u);
    expect(code).toBe(2);
  });
});

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { espalier, type Run } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';
import { writeTinyModel } from '../helpers/tiny-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-optimize-'));
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const weights = (name: string): Buffer => readFileSync(at(name, 'model.safetensors'));
const base = (): readonly string[] => [
  'optimize',
  at('m'),
  '--data',
  at('images'),
  '--device',
  'cpu',
  '--epochs',
  '1',
  '--hold-out',
  '60',
];

function expectRefused({ code, stderr }: Run, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /mu);
  expect(code).toBe(2);
  expect(readdirSync(folder).filter((name) => name.includes('none'))).toEqual([]);
}

beforeAll(async () => {
  writeTinyImages(at('images'));
  await writeTinyModel(at('m'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('optimize', () => {
  test('writes a smaller model that is sure to keep its goal, with the report and the recipe', async () => {
    const args = [...base(), '--goal', 'accuracy>=base-30pp', '--trials', '4', '-o', at('small')];
    const { code, stdout, stderr } = await espalier([...args, '--json', '--quiet']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as { readonly claim: string; readonly trials: readonly unknown[] };
    expect([report.claim, report.trials.length]).toEqual(['holds', 5]);
    expect(
      readdirSync(at('small'))
        .filter((name) => !name.startsWith('.'))
        .toSorted(),
    ).toEqual(
      ['config.json', 'model.safetensors', 'optimization.json', 'recipe.json', 'report.html', 'report.json'].toSorted(),
    );
    expect(readFileSync(at('small', 'report.html'), 'utf8')).toMatch(
      /<h2>The goals<\/h2>[\s\S]*accuracy&gt;=base-30pp[\s\S]*holds/u,
    );
    expect((await espalier(['eval', at('small'), '--data', at('images'), '--quiet'])).code).toBe(0);
    const again = [...base(), '--goal', 'accuracy>=base-30pp', '--recipe', at('small', 'recipe.json'), '--exact'];
    expect((await espalier([...again, '-o', at('again'), '--quiet'])).code).toBe(0);
    expect(weights('again').equals(weights('small'))).toBe(true);
  });

  test('decides by the images that were held out of the training', async () => {
    const training = { optimizer: { type: 'adam', lr: 0.003 }, schedule: 'constant', batch: 60 };
    const architecture = { blocks: 1, channels: 2, kernel: 3, hidden: 0, activation: 'relu', batchNorm: true };
    writeFileSync(at('candidate.yaml'), JSON.stringify({ architecture, initialiser: 'kaiming-normal', training }));
    const data = ['--data', at('images'), '--device', 'cpu', '--quiet'];
    const trained = await espalier([
      'train',
      at('candidate.yaml'),
      '--hold-out',
      '90',
      '--epochs',
      '1',
      ...data,
      '-o',
      at('held'),
    ]);
    expect(trained.code, trained.stderr).toBe(0);
    const args = ['optimize', at('held'), '--goal', 'accuracy>=base-30pp', '--trials', '2', ...data, '--json'];
    const { stdout } = await espalier([...args, '-o', at('by-held')]);
    const { before } = JSON.parse(stdout) as {
      readonly before: { readonly validation: { readonly examples: number } };
    };
    expect(before.validation.examples).toBe(90);
  });

  test('killed in the middle it goes on to the same model', async () => {
    const args = [...base(), '--goal', 'accuracy>=base-30pp', '--trials', '6'];
    expect((await espalier([...args, '-o', at('whole'), '--quiet'])).code).toBe(0);
    let asked = false;
    const stopped = await espalier([...args, '-o', at('cut')], {
      onStderr: (text, kill) => {
        if (asked || !text.includes('best')) return;
        asked = true;
        kill('SIGKILL');
      },
    });
    expect(stopped.code).not.toBe(0);
    const resumed = await espalier([...args, '-o', at('cut'), '--resume', '--quiet']);
    expect(resumed.stderr).toBe('');
    expect(resumed.code).toBe(0);
    expect(weights('cut').equals(weights('whole'))).toBe(true);
  });

  test('out of reach: the nearest model is written, the reason is said, and the code is 4', async () => {
    const goals = ['--goal', 'accuracy>=base', '--goal', 'bytes<=1900B'];
    const { code, stdout } = await espalier([...base(), ...goals, '--trials', '3', '-o', at('missed'), '--quiet']);
    expect(stdout).toMatch(/^The goals are not (?:kept|sure)/u);
    expect(stdout).toMatch(/bytes<=1900B is out of reach of what was tried|is not sure with/u);
    expect(code).toBe(4);
    expect(existsSync(at('missed', 'config.json'))).toBe(true);
  });

  test.each([
    [['--goal', '-0.5%'], /'accuracy>=base-0\.5pp'.*or 'accuracy>=base\*0\.995'/u],
    [['--goal', 'speed>=2'], /"speed" is no metric/u],
    [['--goal', 'accuracy>=base-1pp', '--time', 'soon'], /Give a time such as 90s, 10m or 2h/u],
    [['--trials', '3'], /required option '--goal <goal>' not specified/u],
  ])('%j is refused, and nothing is left', async (args, message) => {
    expectRefused(await runHere(...base(), ...args, '-o', at('none'), '--quiet'), message);
  });

  test.each([
    [
      ['--recipe', 'int8', '--goal', 'bytes<=1B', '--goal', 'accuracy>=50%'],
      /is out of reach: its biases, norms and buffers alone take/u,
    ],
    [['--goal', 'accuracy>=base*20'], /is out of reach: no share is above 100 %/u],
    [['--goal', 'accuracy>=base-1pp', '--hold-out', '1'], /validate has 1 example/u],
    [['--goal', 'accuracy>=base-1pp', '--hold-out', '100000'], /are to be held out: leave some to learn from/u],
  ])('%j is refused by a worker, and nothing is left', async (args, message) => {
    expectRefused(await espalier([...base(), ...args, '-o', at('none'), '--quiet']), message);
  });

  test('a recipe that is none is refused by its place', async () => {
    writeFileSync(at('wrong.yaml'), '- type: prune\n  sparsity: 2\n');
    const args = [...base(), '--goal', 'accuracy>=base-1pp', '--recipe', at('wrong.yaml'), '-o', at('none')];
    const { code, stderr } = await runHere(...args);
    expect(stderr).toMatch(/prune: sparsity is 2/u);
    expect(code).toBe(2);
  });
});

// From a text to a small model that goes on with it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { randomNumbers } from '../helpers/picture-folder.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';

interface Judged {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly weightBytes?: number;
}

const at = scratch('file');

/** Sentences of few words, so that the next letter is soon known; the same for the same seed. */
function sentences(count: number, seed = 1): string {
  const random = randomNumbers(seed);
  const one = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? '';
  return Array.from(
    { length: count },
    () =>
      `The ${one(['cat', 'dog', 'bird'])} ${one(['sees', 'hears', 'follows'])} the ${one(['tree', 'house', 'Füchsin'])}.\n`,
  ).join('');
}

describe('a small text', () => {
  let judged: readonly Judged[] = [];

  beforeAll(async () => {
    writeFileSync(at('story.txt'), sentences(250));
    const line = [
      'run',
      '--data',
      at('story.txt'),
      '--trials',
      '1',
      '--device',
      'cpu',
      '--seed',
      '3',
      '--json',
      '--quiet',
    ];
    const { code, stdout, stderr } = await espalier([...line, '-o', at('out')]);
    if (code !== 0) throw new Error(stderr);
    ({ judged } = JSON.parse(stdout) as { readonly judged: readonly Judged[] });
  });

  test('is learnt far better than by how frequent letters are, made smaller and reported', () => {
    expect(judged.map(({ name }) => name)).toEqual(['model', 'small', 'unigram']);
    const [model, small, unigram] = judged as [Judged, Judged, Judged];
    expect(model.metrics['perplexity']).toBeLessThan(Number(unigram.metrics['perplexity']) / 3);
    expect(model.metrics['perplexity']).toBeCloseTo(Math.exp(Number(model.metrics['loss'])), 6);
    expect(small.metrics['loss']).toBeLessThanOrEqual(Number(model.metrics['loss']) * 1.1);
    expect(small.weightBytes).toBeLessThan(Number(model.weightBytes));
  });

  test('is gone on with, the same by the same seed', async () => {
    const line = [
      'predict',
      at('out', 'small'),
      '--prompt',
      'The cat ',
      '--length',
      '60',
      '--device',
      'cpu',
      '--quiet',
    ];
    const { code, stdout } = await espalier(line);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^The cat \S/u);
    expect((await espalier(line)).stdout).toBe(stdout);
    expect((await espalier([...line, '--seed', '8'])).stdout).not.toBe(stdout);
  });

  test('tells others like it from nonsense by their perplexity, each by its name', async () => {
    mkdirSync(at('others', 'deep'), { recursive: true });
    writeFileSync(at('others', 'alike.txt'), sentences(10, 5));
    writeFileSync(at('others', 'deep', 'nonsense.md'), 'zq'.repeat(150));
    const { code, stdout } = await espalier(['predict', at('out', 'model'), '--data', at('others'), '--device', 'cpu']);
    expect(code).toBe(0);
    const [head, alike, nonsense] = stdout.split('\n').map((line) => line.split(','));
    expect(head).toEqual(['file', 'tokens', 'loss', 'perplexity']);
    expect([alike?.[0], nonsense?.[0]]).toEqual(['alike.txt', 'deep/nonsense.md']);
    expect(Number(nonsense?.[3])).toBeGreaterThan(5 * Number(alike?.[3]));
  });

  test('is judged on other texts', async () => {
    const line = ['eval', at('out', 'model'), '--data', at('story.txt'), '--device', 'cpu', '--json'];
    const { code, stdout } = await espalier(line);
    expect(code).toBe(0);
    const { judgement, baselines } = JSON.parse(stdout) as { judgement: Judged; baselines: readonly Judged[] };
    expect(judgement.metrics['loss']).toBeLessThan(Number(baselines[0]?.metrics['loss']));
  });

  test('is shown before it is learnt', async () => {
    const { code, stdout } = await runHere('data', at('story.txt'));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /tokens to learn from, .* to judge by: every tenth piece of each text; 256 different ones, bytes; 16 at once/u,
    );
  });
});

describe('before anything is begun', () => {
  test.each<readonly [string, () => readonly string[], RegExp]>([
    [
      'a text of few tokens',
      () => ['run', '--data', write('few.txt', 'Once upon a time')],
      /the text has 16 tokens, .* give at least 1000/u,
    ],
    [
      'a text that is no UTF-8',
      () => ['run', '--data', write('odd.txt', Buffer.from([65, 66, 0xff, 67]))],
      /odd\.txt: at byte 2: is not UTF-8/u,
    ],
    [
      'a side',
      () => ['run', '--data', write('long.txt', 'a'.repeat(2000)), '--size', '8'],
      /--size: it is of pictures/u,
    ],
    ['a prompt beside data', () => ['predict', model(), '--prompt', 'a', '--data', 'b'], /leave --data and -o out/u],
    ['neither prompt nor data', () => ['predict', model()], /--data: it is missing/u],
  ])('%s is refused', async (_, line, problem) => {
    const { code, stderr } = await runHere(...line());
    expect(code).toBe(2);
    expect(stderr).toMatch(problem);
  });

  function write(name: string, text: string | Buffer): string {
    writeFileSync(at(name), text);
    return at(name);
  }

  /** A folder that looks like a model. */
  function model(): string {
    for (const file of ['config.json', 'model.safetensors']) writeFileSync(at(file), '{}');
    return at('.');
  }
});

/** `espalier generate` and `espalier chat`, on a model of a few hundred weights. */
import { Readable } from 'node:stream';
import { mkdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { createInterrupt } from '../../src/cli/interrupt.ts';
import { runProgram } from '../../src/cli/run-program.ts';
import type { Run } from '../helpers/cli.ts';
import { FakeStream } from '../helpers/fake-stream.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { writeTinyFolder, writeTinyGguf } from '../helpers/tiny-language-model.ts';

const place = scratch('file');
let [file, folder] = ['', ''];
beforeAll(async () => {
  file = await writeTinyGguf(place('tiny.gguf'));
  folder = await writeTinyFolder(place('tiny'));
});

const cpu = ['--device', 'cpu', '--threads', '1'];

/** Runs a command line with something on stdin. */
async function fed(input: string, ...args: readonly string[]): Promise<Run> {
  const [stdout, stderr] = [new FakeStream(), new FakeStream()];
  const stdin = Readable.from([input]);
  const code = await runProgram(args, { stdin, stdout, stderr, interrupt: createInterrupt() });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

interface Told {
  readonly prompt: number;
  readonly text: string;
  readonly tokens: number;
  readonly ended: string;
}
const told = ({ stdout }: Run): readonly Told[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);

describe('generate', () => {
  test('goes on with a prompt, the same from a file and from a folder, and for a seed', async () => {
    const line = (model: string, ...more: readonly string[]): Promise<Run> =>
      runHere('generate', model, '--prompt', 'Once ab', '--max-tokens', '12', ...cpu, ...more);
    const first = await line(file);
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('6 tokens of prompt') });
    expect(first.stdout.endsWith('\n')).toBe(true);
    expect((await line(folder)).stdout).toBe(first.stdout);
    expect((await line(file, '--seed', '8')).stdout).not.toBe(first.stdout);
    expect(await line(file, '--cache', 'int8')).toMatchObject({ code: 0 });
    expect(await line(file, '--cache', 'int3')).toMatchObject({ code: 2, stderr: expect.stringContaining('f16') });
    const [json] = told(await line(file, '--json', '-q'));
    expect(json).toMatchObject({ prompt: 6, tokens: 12, ended: 'length' });
  });

  test('a draft changes nothing of the likeliest text, and stdin is a prompt', async () => {
    const likeliest = ['--temperature', '0', '--max-tokens', '10', '--json', ...cpu];
    const [plain] = told(await fed('Once\n', 'generate', file, ...likeliest));
    expect(plain).toMatchObject({ prompt: 4, tokens: 10 });
    const draft = await writeTinyGguf(place('draft.gguf'), 2);
    const [guessed] = told(await fed('Once', 'generate', file, ...likeliest, '--draft', draft));
    expect(guessed?.text).toBe(plain?.text);
  });

  test('answers by the template', async () => {
    const [json] = told(
      await runHere('generate', file, '--chat', '--prompt', 'Hi', '--max-tokens', '2', '--json', ...cpu),
    );
    // <|turn|> u s e r \n H i <|done|> \n <|turn|> a s s i s t a n t \n
    expect(json).toMatchObject({ prompt: 21, tokens: 2 });
  });
});

describe('chat', () => {
  test('answers each line, knowing those before', async () => {
    const run = await fed(
      'Hi\n\nAnd then?\n',
      'chat',
      file,
      '--max-tokens',
      '3',
      '--json',
      '--system',
      'Be brief.',
      ...cpu,
    );
    const [first, second] = told(run);
    expect(run.code).toBe(0);
    expect(first?.tokens).toBe(3);
    expect(second?.prompt).toBeGreaterThan((first?.prompt as number) + 3);
  });

  test('ends with the code of what was stopped', async () => {
    const [stdout, stderr, interrupt] = [new FakeStream(), new FakeStream(), createInterrupt()];
    interrupt.abort();
    const stdin = Readable.from(['Hi\n']);
    const code = await runProgram(['chat', folder, '--max-tokens', '40', ...cpu], { stdin, stdout, stderr, interrupt });
    expect(code).toBe(130);
  });
});

describe('what cannot be had is said', () => {
  test.each<readonly [string, () => Promise<Run>, number, string]>([
    ['no model', () => runHere('chat', 'no-such-model', ...cpu), 2, 'is no file, no folder, and no package'],
    ['no prompt', () => fed('', 'generate', file, ...cpu), 2, '--prompt'],
    [
      'a folder without a model',
      () => {
        mkdirSync(place('empty'), { recursive: true });
        return runHere('generate', place('empty'), '--prompt', 'x', ...cpu);
      },
      2,
      'neither config.json nor a GGUF file',
    ],
    [
      'no template',
      async () => {
        const plain = await writeTinyGguf(place('plain.gguf'), 1, false);
        return fed('Hi', 'chat', plain, ...cpu);
      },
      2,
      'no template of chats',
    ],
    [
      'a prompt that is too long',
      () => runHere('generate', file, '--prompt', 'x'.repeat(300), ...cpu),
      2,
      'the model takes 256',
    ],
    ['a wrong number', () => runHere('generate', file, '--top-p', '2'), 2, 'from 0 to 1'],
  ])('%s', async (_, run, code, problem) => {
    const result = await run();
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(problem);
  });
});

/** `espalier compress` and `espalier convert`, on a model of a few thousand weights. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createInterrupt } from '../../src/cli/interrupt.ts';
import { runProgram } from '../../src/cli/run-program.ts';
import { refused } from '../helpers/commands.ts';
import { FakeStream } from '../helpers/fake-stream.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { writeTinyFolder, writeTinyGguf } from '../helpers/tiny-language-model.ts';

const place = scratch('file');
let [file, folder, text] = ['', '', ''];
beforeAll(async () => {
  const sizes = { width: 64, hidden: 96 };
  file = await writeTinyGguf(place('tiny.gguf'), 1, true, sizes);
  folder = await writeTinyFolder(place('tiny'), 1, sizes);
  text = place('text.txt');
  writeFileSync(text, 'A text of a few words, which says little. '.repeat(8));
});

const cpu = ['--device', 'cpu', '--threads', '1'];
const short = ['--sequences', '3', '--length', '16', ...cpu];

test('a plan is said, and nothing is written', async () => {
  const { code, stdout } = await runHere('compress', file, '--type', 'Q4_K', '--plan', ...cpu);
  expect(code).toBe(0);
  expect(stdout).toContain('blocks of Q4_K have 256 columns');
  expect(stdout).toContain('14 tensors are not what was asked for');
  const json = JSON.parse((await runHere('compress', file, '--type', 'Q8_0', '--plan', '--json', ...cpu)).stdout) as {
    readonly bytesAfter: number;
    readonly bytesBefore: number;
  };
  expect(json.bytesAfter).toBeLessThan(json.bytesBefore);
});

test('what was compressed speaks, from a file and from a folder', async () => {
  const small = place('small.gguf');
  const made = await runHere('compress', file, '--method', 'gptq', '--text', text, '-o', small, ...short);
  expect([made.code, existsSync(`${small}.layers`)]).toEqual([0, false]);
  expect(made.stderr).toContain('layers.1 is done, 2 of 2');
  expect(statSync(small).size).toBeLessThan(0.7 * statSync(file).size);
  const sparse = place('sparse');
  expect((await runHere('compress', folder, '--method', 'wanda', '--text', text, '-o', sparse, ...short)).code).toBe(0);
  for (const model of [small, sparse])
    expect(await runHere('generate', model, '--prompt', 'Once', '--max-tokens', '3', ...cpu)).toMatchObject({
      code: 0,
    });
});

test('a model in the other format says the same, there and back', async () => {
  const [there, back] = [place('there.gguf'), place('back')];
  expect(await runHere('convert', folder, there)).toMatchObject({ code: 0, stderr: '' });
  expect(await runHere('convert', there, back)).toMatchObject({ code: 0 });
  const said = async (model: string): Promise<string> =>
    (await runHere('generate', model, '--chat', '--prompt', 'Once', '--max-tokens', '8', ...cpu)).stdout;
  const before = await said(folder);
  expect(before).not.toBe('');
  expect([await said(there), await said(back)]).toEqual([before, before]);
  expect(JSON.parse(readFileSync(join(back, 'tokenizer_config.json'), 'utf8'))).toMatchObject({
    bos_token: '<|turn|>',
    eos_token: '<|done|>',
  });
  rmSync(join(back, 'tokenizer.json'));
  const without = await runHere('convert', back, there, '--overwrite');
  expect(without).toMatchObject({ code: 0, stderr: expect.stringContaining('no tokenizer') });
  expect((await runHere('convert', back, there, '--overwrite', '--strict')).code).toBe(2);
});

test('what becomes something else than was asked for is said by convert, too', async () => {
  const made = await runHere('convert', file, place('other.gguf'), '--type', 'Q4_K');
  expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('14 tensors are not what was asked for')]);
  expect((await runHere('convert', file, place('as-asked.gguf'), '--type', 'Q8_0')).stderr).toBe('');
});

test('a sequence is as long as a model takes, and no longer', async () => {
  const few = await writeTinyGguf(place('few.gguf'), 1, true, { width: 64, hidden: 96, context: 32 });
  const line = ['compress', few, '--method', 'gptq', '--text', text, '-o', place('few-small.gguf')];
  await refused('--length: 33 tokens are more than the 32', ...line, '--length', '33', ...cpu);
  expect(await runHere(...line, '--sequences', '1', ...cpu)).toMatchObject({ code: 0 });
});

test('layers are left out, and what is left is trained back', async () => {
  const small = place('short.gguf');
  const drop = ['compress', file, '--drop-layers', '1', '--type', 'Q8_0', '--text', text, '-o', small, ...short];
  const made = await runHere(...drop);
  expect([made.code, made.stderr]).toEqual([0, expect.stringMatching(/without the layers [01], which change/u)]);
  const line = ['--method', 'sparse-gpt', '--recover', '1', '--length', '128', '--sequences', '1'];
  const trained = place('trained');
  expect(await runHere('compress', small, ...line, '--text', text, '-o', trained, ...cpu)).toMatchObject({ code: 0 });
  const changed = place('changed');
  const low = [...line, '--recover-rank', '2', '--text', text, '-o', changed, ...cpu];
  expect(await runHere('compress', small, ...low)).toMatchObject({ code: 0 });
  const alone = await runHere('compress', small, '--method', 'wanda', '--recover-rank', '2', '--text', text, '--plan');
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--recover-rank: this is of a recovery')]);
  for (const model of [small, trained, changed])
    expect(await runHere('generate', model, '--prompt', 'Once', '--max-tokens', '3', ...cpu)).toMatchObject({
      code: 0,
    });
});

test.each([
  ['layers', ['--method', 'rtn', '--type', 'Q8_0']],
  ['heads', ['--drop-heads', '1']],
])('a folder of somebody is not taken for that of finished %s, and stays', async (kind, options) => {
  const small = place(`others-${kind}.gguf`);
  const others = `${small}.${kind}`;
  mkdirSync(others);
  writeFileSync(join(others, 'letter.txt'), 'mine');
  const { code, stderr } = await runHere('compress', file, ...options, '--text', text, '-o', small, ...short);
  expect([code, stderr]).toEqual([2, expect.stringContaining(`finished ${kind} are to lie there`)]);
  expect(readFileSync(join(others, 'letter.txt'), 'utf8')).toBe('mine');
});

test('heads are left out, said before, and gone on with after a stop', async () => {
  for (const [from, to] of [
    [file, place('narrow.gguf')],
    [folder, place('narrow')],
  ] as const) {
    const args = ['compress', from, '--drop-heads', '1', '--text', text, '-o', to, ...short];
    const plan = await runHere(...args, '--plan');
    expect([plan.code, plan.stderr]).toEqual([
      0,
      expect.stringContaining('each layer keeps 2 of its 4 heads, and 1 of 2 of keys and values'),
    ]);
    const [stdout, stderr, interrupt] = [new FakeStream(), new FakeStream(), createInterrupt()];
    interrupt.abort();
    expect(await runProgram(args, { stdout, stderr, interrupt })).toBe(130);
    expect([existsSync(to), existsSync(`${to}.heads`)]).toEqual([false, true]);
    const made = await runHere(...args);
    expect([made.code, made.stderr]).toEqual([
      0,
      expect.stringMatching(/goes on from the heads[^]*layers\.1 keeps the heads of keys and values [01]: /u),
    ]);
    expect(existsSync(`${to}.heads`)).toBe(false);
    const spoken = await runHere('generate', to, '--prompt', 'Once', '--max-tokens', '3', ...cpu);
    expect(spoken.code).toBe(0);
  }
});

test('a draft is found, says how it is used, and changes nothing of a text', async () => {
  const draft = place('draft.gguf');
  const made = await runHere('compress', file, '--draft', 'f32', '--text', text, '-o', draft, '--json', ...short);
  const { search } = JSON.parse(made.stdout) as { readonly search: { readonly best: { readonly measured: number } } };
  expect(made.code).toBe(search.best.measured > 1 ? 0 : 4);
  expect(made.stderr).toContain('10 of 10: ');
  const line = ['--prompt', 'Once', '--max-tokens', '8', '--temperature', '0', ...cpu];
  const alone = await runHere('generate', file, ...line);
  expect(await runHere('generate', file, '--draft', draft, ...line)).toMatchObject({ code: 0, stdout: alone.stdout });
});

test('goals are kept, or missed with the nearest model written', async () => {
  const small = place('goal.gguf');
  const line = (goal: string, ...more: readonly string[]): ReturnType<typeof runHere> =>
    runHere(
      'compress',
      file,
      '--goal',
      goal,
      '--types',
      'Q8_0,Q4_0',
      '--text',
      text,
      '-o',
      small,
      '--json',
      ...short,
      ...more,
    );
  const bytes = Math.round(0.5 * statSync(file).size);
  const kept = await line(`bytes<=${bytes}`);
  expect(kept.code).toBe(0);
  expect(statSync(small).size).toBeLessThanOrEqual(bytes);
  const { search, judged, plan } = JSON.parse(kept.stdout) as {
    readonly search: { readonly tried: readonly object[] };
    readonly plan: { readonly tensors: readonly object[] };
    readonly judged: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  expect(search.tried).toHaveLength(1);
  expect(plan.tensors[0]).toHaveProperty('bytesAfter');
  expect(judged['kl']?.['mean']).toBeGreaterThan(0);
  for (const of of ['perplexity', 'tokensPerSecond'])
    for (const when of ['before', 'after']) expect(judged[of]?.[when]).toBeGreaterThan(0);
  expect(judged['sameTop']?.['value']).toBeGreaterThan(0.5);
  expect((await line(`bytes<=${bytes},kl<=1e-9`, '--overwrite')).code).toBe(4);
});

test('a walk that is stopped goes on by the same command', async () => {
  const small = place('stopped.gguf');
  const args = ['compress', file, '--method', 'sparse-gpt', '--text', text, '-o', small, ...short];
  const [stdout, stderr, interrupt] = [new FakeStream(), new FakeStream(), createInterrupt()];
  interrupt.abort();
  expect(await runProgram(args, { stdout, stderr, interrupt })).toBe(130);
  expect([existsSync(small), existsSync(`${small}.layers`)]).toEqual([false, true]);
  expect(await runHere(...args)).toMatchObject({ code: 0, stderr: expect.stringContaining('goes on from the layers') });
});

test.each([
  ['say where the model goes', ['compress', 'FILE']],
  ['this is of a method', ['compress', 'FILE', '--bits', '4', '-o', 'x.gguf']],
  ['name a file that ends in .gguf', ['convert', 'FILE', 'x', '--to', 'gguf']],
  ['give --text', ['compress', 'FILE', '--drop-layers', '1', '-o', 'x.gguf']],
  ['give --text', ['compress', 'FILE', '--drop-heads', '1', '-o', 'x.gguf']],
  [
    '2 of 2 heads of keys and values would be gone',
    ['compress', 'FILE', '--drop-heads', '2', '--text', 'TEXT', '--length', '16', '-o', 'x.gguf'],
  ],
  [
    'all layers would be gone',
    ['compress', 'FILE', '--drop-layers', '2', '--text', 'TEXT', '--length', '16', '-o', 'x.gguf'],
  ],
  ['a whole number from 1', ['compress', 'FILE', '--method', 'gptq', '--group', 'column', '-o', 'x.gguf']],
  ['leave it out', ['compress', 'FILE', '--goal', 'kl<=1', '--type', 'Q8_0', '-o', 'x.gguf']],
  ['give a --text', ['compress', 'FILE', '--goal', 'kl<=1', '-o', 'x.gguf']],
  ['ends in .gguf', ['compress', 'FILE', '--goal', 'kl<=1', '-o', 'x']],
  ['leave it, or --draft, out', ['compress', 'FILE', '--draft', '--type', 'Q8_0', '-o', 'x.gguf']],
  ['two sequences at least', ['compress', 'FILE', '--draft', '-o', 'x.gguf']],
  ['it is a GGUF file', ['compress', 'FILE', '--draft', '-o', 'x']],
  ['give one by --goal', ['compress', 'FILE', '--types', 'Q8_0', '-o', 'x.gguf']],
  ['not all can be as asked', ['convert', 'FILE', 'NEW.gguf', '--type', 'Q4_K', '--strict']],
])('refused: %s', async (message, args) => {
  const { code, stderr } = await runHere(
    ...args.map((arg) => arg.replace('FILE', file).replace('TEXT', text).replace('NEW', place('new'))),
  );
  expect([code, stderr.includes(message) ? message : stderr]).toEqual([2, message]);
});

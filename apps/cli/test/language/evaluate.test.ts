/** `espalier eval --text`, `espalier diff` and `espalier embed`, on models of a few hundred weights. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { createInterrupt } from '../../src/cli/interrupt.ts';
import { runProgram } from '../../src/cli/run-program.ts';
import { refused, run } from '../helpers/commands.ts';
import { FakeStream } from '../helpers/fake-stream.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { writeTinyFolder, writeTinyGguf } from '../helpers/tiny-language-model.ts';

const at = scratch('file');
const bert = fileURLToPath(new URL('../../../../packages/models/test/golden/families/bert', import.meta.url));
const cpu = ['--device', 'cpu', '--threads', '1'];
let [file, other, folder, text, embedder] = ['', '', '', '', ''];

const special = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
const words = {
  added_tokens: ['[CLS]', '[SEP]'].map((content, id) => ({ id: id + 1, content, special: true })),
  pre_tokenizer: { type: 'WhitespaceSplit' },
  model: {
    type: 'WordPiece',
    unk_token: 'w0',
    vocab: Object.fromEntries(Array.from({ length: 13 }, (_, id) => [['[CLS]', '[SEP]'][id - 1] ?? `w${id}`, id])),
  },
  post_processor: {
    type: 'TemplateProcessing',
    single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
    pair: [],
    special_tokens: { '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [2], tokens: ['[SEP]'] } },
  },
  decoder: { type: 'WordPiece' },
}; // prettier-ignore

let blocks = '';

beforeAll(async () => {
  file = await writeTinyGguf(at('tiny.gguf'));
  other = await writeTinyGguf(at('other.gguf'), 2);
  folder = await writeTinyFolder(at('tiny'));
  const wide = await writeTinyGguf(at('wide.gguf'), 1, true, { width: 256, hidden: 1024 });
  blocks = at('blocks.gguf');
  await runHere('convert', wide, blocks, '--type', 'Q8_0');
  text = at('text.txt');
  writeFileSync(text, 'A table in a cab, or able: über alles.\n'.repeat(30));
  embedder = at('bert');
  mkdirSync(embedder);
  cpSync(bert, embedder, { recursive: true });
  writeFileSync(`${embedder}/tokenizer.json`, JSON.stringify(words));
});

test('activations are rounded where that is asked for, which diff and eval tell', async () => {
  const rounded = ['--activations', 'int8-groups', '--text', text, '--chunk', '32', ...cpu];
  const found = await run('diff', blocks, blocks, ...rounded);
  const { mean } = found['divergence'] as { readonly mean: number };
  expect(mean).toBeGreaterThan(1e-9);
  expect(mean).toBeLessThan(0.01);
  const { perplexity } = found['model'] as { readonly perplexity: number };
  expect(await run('eval', blocks, ...rounded)).toMatchObject({ perplexity });
  const spoken = ['--prompt', 'A', '--max-tokens', '4', ...cpu];
  expect(await runHere('generate', blocks, '--activations', 'int16-groups', ...spoken)).toMatchObject({ code: 0 });
  const both = ['--activations', 'int8-groups', '--weights', 'f32', ...cpu];
  await refused('--activations: int8-groups', 'eval', blocks, '--text', text, ...both);
  await refused('--activations: int8-groups', 'generate', blocks, '--prompt', 'A', ...both);
});

describe('eval --text', () => {
  test('tells a perplexity, the same of a file and of a folder', async () => {
    const found = await run('eval', file, '--text', text, ...cpu);
    expect(found).toMatchObject({ model: file, text, protocol: 'p1', chunk: 256, context: { least: 129, most: 255 } });
    expect(found['perplexity']).toBeGreaterThan(20);
    const { models } = await run('eval', file, folder, '--text', text, ...cpu);
    const [first, second] = models as readonly Record<string, unknown>[];
    expect([
      { ...first, text },
      { ...second, text, model: file },
    ]).toEqual([found, found]);
    const windows = await run(
      'eval',
      file,
      '--text',
      text,
      '--protocol',
      'p2',
      '--chunk',
      '32',
      '--chunks',
      '3',
      ...cpu,
    );
    expect(windows).toMatchObject({ protocol: 'p2', chunk: 32, chunks: 3, tokens: 93 });
    const { stdout, code } = await runHere('eval', file, '--text', text, '--chunk', '32', ...cpu);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/tiny\.gguf +\d+\.\d+ ± .*\n\nby p1: .* ± is one standard error/su),
    ]);
  });

  test('writes how likely each token was', async () => {
    const line = ['eval', file, '--text', text, '--chunk', '32', '--chunks', '2', ...cpu];
    const found = await run(...line, '--tokens', at('tokens.jsonl'));
    const told = readFileSync(at('tokens.jsonl'), 'utf8').trim().split('\n').map((each) => JSON.parse(each) as { p: number; loss: number; token: string }); // prettier-ignore
    expect(told).toHaveLength(30);
    expect(told[0]).toMatchObject({ window: 0, position: 17, p: Math.exp(-(told[0]?.loss ?? NaN)) });
    expect(told.slice(0, 3).map(({ token }) => token).join('')).toBe('r ab'); // prettier-ignore
    expect(told.reduce((sum, { loss }) => sum + loss, 0) / 30).toBeCloseTo(Number(found['loss']), 9);
    expect(found).toMatchObject({ lossInterval: { low: expect.any(Number) as number } });
    await refused('there is a file of this name', ...line, '--tokens', at('tokens.jsonl'));
    expect((await runHere(...line, '--tokens', at('tokens.jsonl'), '--overwrite')).code).toBe(0);
    await refused('it is a file of one model', 'eval', file, other, '--text', text, '--tokens', at('more.jsonl'));
    await refused('--tokens: it is said of a text', 'eval', file, '--tokens', at('more.jsonl'));
  });

  test('refuses what means nothing', async () => {
    await refused('there is no such file', 'eval', file, '--text', at('no.txt'));
    await refused('--data, --key: it is said of other data', 'eval', file, '--text', text, '--data', 'x', '--key', 'k');
    await refused('--chunk: it is said of a text', 'eval', file, '--chunk', '32');
    await refused('more than the 256 that the model takes', 'eval', file, '--text', text, '--chunk', '512', ...cpu);
    await refused('compare it with another one by espalier diff', 'eval', embedder, '--text', text, ...cpu);
    writeFileSync(at('odd.txt'), Uint8Array.from([65, 255, 66]));
    await refused('is no text in UTF-8', 'eval', file, '--text', at('odd.txt'), ...cpu);
  });

  test('ends when it is asked to', async () => {
    const interrupt = createInterrupt();
    interrupt.abort();
    const [stdout, stderr] = [new FakeStream(), new FakeStream()];
    expect(await runProgram(['eval', file, '--text', text, ...cpu], { stdout, stderr, interrupt })).toBe(130);
  });
});

describe('diff', () => {
  test('of a model and itself is nothing, of another one something', async () => {
    const line = (model: string): Promise<Record<string, unknown>> => run('diff', file, model, '--text', text, ...cpu);
    expect(await line(folder)).toMatchObject({ kind: 'logits', divergence: { mean: 0 }, sameTop: { value: 1 } });
    expect(await line(other)).toMatchObject({ models: [file, other], kind: 'logits' });
    const { stdout } = await runHere('diff', file, other, '--text', text, ...cpu);
    for (const fact of ['perplexity', 'change of -ln p', 'KL', 'same top token', 'in pairs'])
      expect(stdout).toContain(fact);
  });

  test('of embedders is told by cosines', async () => {
    writeFileSync(at('lines.txt'), 'w3 w4\n\nw5 w6 w7\nw4\n');
    const found = await run('diff', embedder, embedder, '--text', at('lines.txt'), ...cpu);
    expect(found).toMatchObject({ kind: 'vectors', texts: 3, tokens: 12, sameNearest: { value: 1 } });
    const { stdout } = await runHere('diff', embedder, embedder, '--text', at('lines.txt'), ...cpu);
    expect(stdout).toMatch(/cosine +mean 1\.0+, worst (?:1\.0+|0\.9999999)\nsame nearest +100/u);
    await refused('compare two of a kind', 'diff', file, embedder, '--text', text, ...cpu);
  });
});

test.each<[string, readonly string[]]>([
  ["there is no 'half': use one of stored, f32", ['generate', 'FILE', '-p', 'A', '--weights', 'half']],
  ["there is no 'half': use one of stored, f32", ['embed', 'BERT', '--text', 'TEXT', '--weights', 'half']],
  ["there is no 'half': use one of stored, f32", ['diff', 'FILE', 'FILE', '--text', 'TEXT', '--base-weights', 'half']],
  ['a whole number from 1 to 15', ['generate', 'FILE', '-p', 'A', '--draft', 'FILE', '--guesses', '16']],
  ['espalier embed takes it', ['generate', 'BERT', '-p', 'A']],
  ['espalier embed takes it', ['chat', 'BERT']],
  ['the text has 300 tokens, and the model takes 256', ['generate', 'FILE', '-p', 'c'.repeat(300)]],
  ['fills no window', ['eval', 'FILE', '--text', 'SHORT']],
  ['fills no window', ['diff', 'FILE', 'FILE', '--text', 'SHORT']],
  ['fewer than two texts', ['diff', 'BERT', 'BERT', '--text', 'SHORT']],
])('a mistake of the command line ends with 2: %s', async (problem, args) => {
  writeFileSync(at('short.txt'), 'w3');
  const places: Readonly<Record<string, string>> = { FILE: file, BERT: embedder, TEXT: text, SHORT: at('short.txt') };
  await refused(problem, ...args.map((arg) => places[arg] ?? arg), ...cpu);
});

describe('embed', () => {
  test('gives a vector a line', async () => {
    writeFileSync(at('lines.txt'), 'w3 w4\r\nw5\n');
    const { stdout } = await runHere('embed', embedder, '--text', at('lines.txt'), ...cpu);
    const vectors = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as number[]);
    expect(vectors.map(({ length }) => length)).toEqual([12, 12]);
    const found = await run('embed', embedder, '--text', at('lines.txt'), ...cpu);
    expect(found).toMatchObject({ texts: ['w3 w4', 'w5'], width: 12, tokens: 7, vectors });
    const streams = { stdin: Readable.from(['w5\n']), stdout: new FakeStream(), stderr: new FakeStream() };
    expect(await runProgram(['embed', embedder, ...cpu], { ...streams, interrupt: createInterrupt() })).toBe(0);
    const alone = JSON.parse(streams.stdout.text) as number[];
    for (const [index, value] of alone.entries()) expect(value).toBeCloseTo(vectors[1]?.[index] as number, 5);
  });

  test('gives the same vectors after a conversion, there and back, and into a folder', async () => {
    writeFileSync(at('lines.txt'), 'w3 w4\nw5\nw3 w5 w6 w7 w8 w9\n');
    const sentences = at('sentences');
    cpSync(embedder, sentences, { recursive: true });
    const module = (type: string, path: string): object => ({ type: `sentence_transformers.models.${type}`, path });
    const files = {
      'modules.json': [module('Transformer', ''), module('Pooling', '1_Pooling'), module('Normalize', '2_Normalize'), module('Normalize', '../out')], // prettier-ignore
      'sentence_bert_config.json': { max_seq_length: 4 },
      '1_Pooling/config.json': { word_embedding_dimension: 12, pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }, // prettier-ignore
    };
    mkdirSync(`${sentences}/1_Pooling`);
    // As readers of GGUF have it.
    const tokenizer = JSON.parse(JSON.stringify(words).replaceAll('"w0"', '"[UNK]"')) as object;
    const lower = { normalizer: { type: 'BertNormalizer', lowercase: true, strip_accents: null, clean_text: true, handle_chinese_chars: true }, pre_tokenizer: { type: 'BertPreTokenizer' } }; // prettier-ignore
    writeFileSync(
      `${sentences}/tokenizer.json`,
      JSON.stringify({
        ...tokenizer,
        ...lower,
        added_tokens: [{ id: 0, content: '[UNK]', special: true }, ...words.added_tokens],
      }),
    );
    for (const [name, json] of Object.entries(files)) writeFileSync(`${sentences}/${name}`, JSON.stringify(json));
    const said = (model: string): Promise<Record<string, unknown>> =>
      run('embed', model, '--text', at('lines.txt'), ...cpu);
    const before = await said(sentences);
    expect(before).toMatchObject({ pooling: { kind: 'cls', normalize: true }, cut: 1 });
    expect((await runHere('convert', sentences, at('copied'))).code).toBe(0);
    expect(await said(at('copied'))).toEqual({ ...before, model: at('copied') });
    writeFileSync(at('lines.txt'), 'w3 w4\nw5\n');
    const short = await said(sentences);
    expect(await runHere('convert', sentences, at('there.gguf'))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('the folder says 4'),
    });
    expect((await runHere('convert', at('there.gguf'), at('back'))).code).toBe(0);
    const { pooling, vectors } = await said(at('back'));
    expect(pooling).toEqual(short['pooling']);
    expect(vectors).toEqual(short['vectors']);
  });

  test('refuses what has no vector', async () => {
    await refused('give a model that embeds texts', 'embed', file, '--text', text, ...cpu);
    writeFileSync(at('blank.txt'), '\n\n');
    await refused('there is no text', 'embed', embedder, '--text', at('blank.txt'), ...cpu);
  });
});

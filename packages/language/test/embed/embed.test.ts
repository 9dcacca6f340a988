// Vectors of texts are those of transformers, pooled as the folder says, in batches as alone.
import { readFileSync } from 'node:fs';
import { compareEmbeddings, openTextEmbedder, type Embeddings, type TextEmbedder } from '@espalier/language';
import { bytesOf, openHuggingFace } from '@espalier/models';
import { openTensorFile } from '@espalier/models/node';
import { FormatError, type Json } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { familyFolder } from '../helpers/families.ts';

const golden = JSON.parse(readFileSync(new URL('../golden/evaluation.json', import.meta.url), 'utf8')) as {
  readonly vectors: { readonly rows: readonly number[][]; readonly mean: number[]; readonly cls: number[] };
};
const { rows } = golden.vectors;

const special = (name: string): Json => ({ SpecialToken: { id: name, type_id: 0 } });
/** Words w0, w1, …; 1 begins a text, and 2 ends it. */
const tokenizer: Json = {
  added_tokens: [
    { id: 1, content: '[CLS]', special: true },
    { id: 2, content: '[SEP]', special: true },
  ],
  pre_tokenizer: { type: 'WhitespaceSplit' },
  model: {
    type: 'WordPiece',
    unk_token: 'w0',
    continuing_subword_prefix: '##',
    vocab: Object.fromEntries(Array.from({ length: 13 }, (_, id) => [['[CLS]', '[SEP]'][id - 1] ?? `w${id}`, id])),
  },
  post_processor: {
    type: 'TemplateProcessing',
    single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [2], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##' },
};
const texts = rows.map((row) =>
  row
    .slice(1, -1)
    .map((id) => `w${id}`)
    .join(' '),
);

const module = (type: string, path = ''): Json => ({ type: `sentence_transformers.models.${type}`, path });

/** The small model with other files beside it. */
async function opened(files: Readonly<Record<string, Json>>, name = 'bert'): Promise<TextEmbedder> {
  const all: Readonly<Record<string, Json>> = { 'tokenizer.json': tokenizer, ...files };
  const find = async (file: string): Promise<ReturnType<typeof bytesOf> | undefined> => {
    if (Object.hasOwn(all, file)) return bytesOf(new TextEncoder().encode(JSON.stringify(all[file])), file);
    return ['config.json', 'model.safetensors'].includes(file)
      ? bytesOf(readFileSync(`${familyFolder(name)}/${file}`), file)
      : undefined;
  };
  return openTextEmbedder(await openHuggingFace(find));
}

const sentences = (flags: Json, ...more: Json[]): Readonly<Record<string, Json>> => ({
  'modules.json': [module('Transformer'), module('Pooling', '1_Pooling'), ...more],
  '1_Pooling/config.json': flags,
});
const mean = { pooling_mode_cls_token: false, pooling_mode_mean_tokens: true };

function expectNear(found: Embeddings, wanted: readonly number[]): void {
  expect(found.values.length).toBe(wanted.length);
  for (const [at, value] of found.values.entries()) expect(Math.abs(value - (wanted[at] as number))).toBeLessThan(2e-6);
}

test('the mean of what is there, divided by its length', async () => {
  const embedder = await opened(sentences(mean, module('Normalize')));
  expect(embedder.pooling).toEqual({ kind: 'mean', normalize: true });
  for (const batchTokens of [1, 32, 1024]) {
    const found = await embedder.embed(texts, { batchTokens });
    expect(found).toMatchObject({ width: 12, tokens: rows.flat().length, cut: 0 });
    expectNear(found, golden.vectors.mean);
  }
  embedder.dispose();
});

test('the first token', async () => {
  const embedder = await opened(sentences({ pooling_mode_cls_token: true, word_embedding_dimension: 12 }));
  expectNear(await embedder.embed(texts), golden.vectors.cls);
  const plain = await opened({});
  expect(plain.pooling).toEqual({ kind: 'mean', normalize: false });
});

test('what is too long is cut between what is around it, and counted', async () => {
  const embedder = await opened({ ...sentences(mean), 'sentence_bert_config.json': { max_seq_length: 6 } });
  const [long, short] = ['w4 w5 w6 w7 w8 w9', 'w4 w5 w6 w7'];
  const { values, width, cut, tokens } = await embedder.embed([long, short]);
  expect([cut, tokens]).toEqual([1, 12]);
  expect(values.subarray(0, width)).toEqual(values.subarray(width));
});

test('what is not known is refused by name', async () => {
  const refused = (files: Readonly<Record<string, Json>>, problem: string): Promise<void> =>
    expect(opened(files)).rejects.toThrow(problem);
  await refused(sentences(mean, module('Dense', '2_Dense')), "'Dense'");
  await refused(sentences({ pooling_mode_max_tokens: true }), 'pooling_mode_max_tokens');
  await refused(sentences({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }), 'pooling_mode_cls_token');
  await refused(sentences({}), 'no way of pooling');
  await refused({ 'modules.json': [module('Transformer')] }, 'has no Pooling');
  await refused({ 'modules.json': 7 }, 'no list of modules');
  await expect(opened({ 'modules.json': {} })).rejects.toThrow(FormatError);
  await expect(opened({}, 'llama')).rejects.toThrow(ArgumentError);
  const gguf = await openTensorFile(`${familyFolder('bert')}.gguf`);
  const said = (type: number): Promise<TextEmbedder> =>
    openTextEmbedder({ ...gguf, metadata: { ...gguf.metadata, ...ggufWords, 'bert.pooling_type': type } });
  expect((await said(2)).pooling).toEqual({ kind: 'cls', normalize: true });
  await expect(said(4)).rejects.toThrow('bert.pooling_type');
});

const ggufWords = {
  'tokenizer.ggml.model': 'bert',
  'tokenizer.ggml.tokens': ['[UNK]', '[CLS]', '[SEP]', ...Array.from({ length: 10 }, (_, at) => `\u2581w${at + 3}`)],
  'tokenizer.ggml.token_type': [2, 3, 3, ...Array.from({ length: 10 }, () => 1)],
  'tokenizer.ggml.unknown_token_id': 0,
  'tokenizer.ggml.bos_token_id': 1,
  'tokenizer.ggml.eos_token_id': 2,
  'tokenizer.ggml.seperator_token_id': 2,
};

test('models beside each other', async () => {
  const of = (values: readonly number[], width = 2): Embeddings => ({
    values: Float32Array.from(values),
    width,
    tokens: 0,
    cut: 0,
  });
  const base = of([1, 0, 2, 0.1, 0, 1, 0.1, 3]);
  expect(await compareEmbeddings(base, base)).toMatchObject({ texts: 4, sameNearest: { value: 1 } });
  const { cosine, sameNearest } = await compareEmbeddings(base, of([1, 0, 0, 1, 0, 1, 1, 1]));
  expect(cosine.worst).toBeCloseTo(0.1 / Math.hypot(2, 0.1), 6);
  expect(cosine.mean).toBeCloseTo((1 + 0.1 / Math.hypot(2, 0.1) + 1 + 3.1 / Math.hypot(0.1, 3) / Math.SQRT2) / 4, 6);
  expect(sameNearest.value).toBe(0);
  await expect(compareEmbeddings(base, of([1, 0]))).rejects.toThrow(ArgumentError);
  await expect(compareEmbeddings(of([1, 0]), of([1, 0]))).rejects.toThrow('fewer than two texts');
});

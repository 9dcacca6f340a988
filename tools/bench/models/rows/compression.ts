/** Compressed models beside what they were: sentences by the cosine of their vectors, language models by their perplexity. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  compareEmbeddings,
  compressModel,
  encodeParts,
  measurePerplexity,
  planCompression,
  TextEmbedder,
  textPartsOfGguf,
  writeCompressedFolder,
  writeCompressedGguf,
  type CalibrationIds,
  type CompressedModel,
  type CompressionMethod,
} from '@espalier/language';
import { openTextModelAt, partFolder } from '@espalier/language/node';
import { openLanguageModel, openModelInParts, type ModelInParts } from '@espalier/models';
import { openModelFolder, openTensorFile, writeFileBy } from '@espalier/models/node';
import type { Bench } from '../../optimize/bench.ts';
import { atLeast, atMost, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, miniLm, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';

/** Tokens of a sentence, at most. */
const longest = 128;
/** Sentences that layers are calibrated on, of those that training sees. */
const calibrated = 192;
/** Sequences of so many tokens that layers of a language model are calibrated on, and, as many rows of fewer, whole models. */
const [sequences, tokens] = [16, 512];
/** How whole language models are trained: steps of 512 tokens, as those that the targets are of. */
const lesson = { epochs: 1, length: 256, batch: 2, calibrate: 32 };
/** Windows of the text that perplexities are of. */
const chunks = 16;

/** What sentences are compressed by, and the least mean cosine to what they were. */
const oneShot: readonly (readonly [name: string, method: CompressionMethod, cosine: number])[] = [
  ['gptq-4-row', { type: 'gptq', bits: 4, group: 'row' }, 0.9557],
  ['gptq-4-32', { type: 'gptq', bits: 4, group: 32, zeros: true }, 0.9879],
  ['gptq-3-32', { type: 'gptq', bits: 3, group: 32, zeros: true }, 0.9452],
  ['sparse-gpt', { type: 'sparse-gpt', sparsity: 0.5, damping: 0.03 }, 0.901],
];
const recovered: typeof oneShot = [
  ['recovered-4-row', { type: 'gptq', bits: 4, group: 'row', recover: {} }, 0.985],
  ['recovered-4-32', { type: 'gptq', bits: 4, group: 32, zeros: true, recover: {} }, 0.993],
  ['recovered-sparse', { type: 'sparse-gpt', sparsity: 0.5, recover: { epochs: 1 } }, 0.94],
];
/** Seconds of the processor that each of them may take. */
const allowed = { oneShot: 100, recovered: 900 };

/** What a language model is compressed by, the largest perplexity, and sequences that it sees, where it is trained on them. */
const perplexities: readonly (readonly [
  name: string,
  method: CompressionMethod,
  perplexity: number,
  trained?: number,
])[] = [
  ['gptq-4-64', { type: 'gptq', bits: 4, group: 64 }, 41],
  ['gptq-3-64', { type: 'gptq', bits: 3, group: 64, zeros: true }, 77],
  ['sparse-gpt', { type: 'sparse-gpt', sparsity: 0.5 }, 59],
  [
    'recovered-4-64',
    { type: 'gptq', bits: 4, group: 64, recover: { ...lesson, learningRate: 5e-5 } },
    38,
    49_152 / tokens,
  ],
  [
    'recovered-sparse',
    { type: 'sparse-gpt', sparsity: 0.5, recover: { ...lesson, learningRate: 1e-4 } },
    44,
    98_304 / tokens,
  ],
];

/** Seconds of the processor since some moment of it. */
function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const sentencesOf = (part: 'eval' | 'calib'): readonly string[] =>
  brownText(part)
    .split('\n')
    .filter((line) => line.length > 40);

/** Compresses a model, and keeps layers that are done in a folder until it is written. */
async function compressed<Result>(
  { folder }: Bench,
  name: string,
  model: ModelInParts,
  work: {
    readonly method: CompressionMethod;
    readonly to: 'gguf' | 'safetensors';
    readonly ids: CalibrationIds;
    readonly write: (made: CompressedModel, path: string) => Promise<Result>;
  },
): Promise<Result> {
  const { method, to, ids, write } = work;
  const [parts, out] = [folder(`${name}.layers`), folder(name)];
  const plan = planCompression(model, { to, type: 'F32', method });
  const made = await compressModel(model, plan, { parts: partFolder(parts), ids });
  try {
    return await write(made, out);
  } finally {
    await made.close();
    for (const path of [parts, out]) rmSync(path, { recursive: true, force: true });
  }
}

function sentenceRows({ checkpoints }: Places): readonly Row[] {
  const path = findCheckpoint(checkpoints, miniLm);
  const missing = (): string | undefined => (path === undefined ? `${miniLm.file} of ${miniLm.from}` : undefined);
  const place = dirname(path ?? '');
  const found = (bench: Bench, name: string, method: CompressionMethod) =>
    bench.kept(`minilm-${name}`, async () => {
      const base = (await openTextModelAt(place)) as TextEmbedder;
      const embedderOf = (other: Pick<TextEmbedder, 'module' | 'description'>): TextEmbedder => {
        const { tokenizer, pooling } = base;
        return new TextEmbedder({ ...other, tokenizer, pooling, longest });
      };
      const ids = sentencesOf('calib').map((text) => {
        const all = [...base.tokenizer.encode(text)];
        return all.length <= longest ? all : [...all.slice(0, longest - 1), all.at(-1) as number];
      });
      const from = await openModelFolder(place);
      const model = await openModelInParts(from);
      const before = process.cpuUsage();
      const small = await compressed(bench, `minilm-${name}`, model, {
        method,
        to: 'safetensors',
        ids: method.recover ? ids : ids.slice(0, calibrated),
        write: async (made, out) => {
          await writeCompressedFolder((file, write) => writeFileBy(join(out, file), write), made);
          const folder = await openModelFolder(out);
          const opened = await openLanguageModel(folder);
          await folder.close();
          return opened;
        },
      });
      const seconds = secondsSince(before);
      await from.close();
      const texts = sentencesOf('eval').slice(0, 256);
      const vectors = await embedderOf(base).embed(texts);
      const { cosine, sameNearest } = await compareEmbeddings(vectors, await embedderOf(small).embed(texts));
      return { ...cosine, sameNearest: sameNearest.value, seconds };
    });
  const cosine = ([name, method, least]: (typeof oneShot)[number]): Row => ({
    name: `minilm/${name}`,
    target: `mean cosine to f32 of 256 sentences >= ${least}`,
    missing,
    measure: async (bench) => {
      const figures = await found(bench, name, method);
      return atLeast(least, figures.mean, figures);
    },
  });
  const time = (name: string, rows: typeof oneShot, most: number): Row => ({
    name: `minilm/${name}-seconds`,
    target: `seconds of the processor of the slowest of them <= ${most}`,
    missing,
    measure: async (bench) => {
      const all: number[] = [];
      for (const [own, method] of rows) all.push((await found(bench, own, method)).seconds);
      return atMost(most, Math.max(...all), all);
    },
  });
  return [
    ...oneShot.map(cosine),
    time('one-shot', oneShot, allowed.oneShot),
    ...recovered.map(cosine),
    time('recovered', recovered, allowed.recovered),
  ];
}

function languageRows({ checkpoints }: Places): readonly Row[] {
  const path = findCheckpoint(checkpoints, smolLm2);
  const missing = (): string | undefined => (path === undefined ? `${smolLm2.file} of ${smolLm2.from}` : undefined);
  return perplexities.map(([name, method, most, trained = sequences]) => ({
    name: `smollm2/${name}`,
    target: `perplexity of ${chunks} windows <= ${most}`,
    missing,
    measure: async (bench) => {
      const found = await bench.kept(`smollm2-${name}`, async () => {
        const from = await openTensorFile(path ?? '');
        const { tokenizer } = textPartsOfGguf(from);
        const all = tokenizer.encode(brownText('calib'), { frame: false });
        const ids = Array.from({ length: trained }, (_, at) => [...all.subarray(at * tokens, (at + 1) * tokens)]);
        const before = process.cpuUsage();
        const [opened, seconds] = await compressed(bench, `smollm2-${name}.gguf`, await openModelInParts(from), {
          method,
          to: 'gguf',
          ids,
          write: async (made, out) => {
            await writeFileBy(out, (sink) => writeCompressedGguf(sink, made));
            const spent = secondsSince(before);
            const file = await openTensorFile(out);
            const language = await openLanguageModel(file, { weights: 'f32' });
            await file.close();
            return [language, spent] as const;
          },
        });
        await from.close();
        const { perplexity } = await measurePerplexity(opened.module, encodeParts(tokenizer, brownText('eval')), {
          chunks,
          batch: 1,
        });
        return { perplexity, seconds };
      });
      return atMost(most, found.perplexity, found);
    },
  }));
}

/** The rows of compression. */
export function compressionRows(places: Places): readonly Row[] {
  return [...sentenceRows(places), ...languageRows(places)];
}

// What compression lost is trained back under masks and grids, and the files are as without it.
import {
  compressModel,
  planCompression,
  writeCompressedFolder,
  writeCompressedGguf,
  type CalibrationIds,
  type CompressionMethod,
  type CompressOptions,
} from '@espalier/language';
import {
  bytesOf,
  memorySink,
  openLanguageModel,
  openModelInParts,
  openTensors,
  readTensor,
  type ModelFolder,
  type WriteFile,
} from '@espalier/models';
import { openModelFolder } from '@espalier/models/node';
import { noGrad, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { packRows } from '../../src/compress/recover/pack.ts';
import { PackedTexts } from '../../src/compress/recover/packed-texts.ts';
import { familyFolder, openFamily } from '../helpers/families.ts';
import { memoryFiles, tinyFile } from '../helpers/tiny-files.ts';
import { scoresOf } from '../helpers/tiny-model.ts';

const texts = (count: number, most: number): CalibrationIds =>
  Array.from({ length: count }, (_, row) =>
    Array.from({ length: 4 + ((row * 5) % 9) }, (__, at) => (row * 11 + at * at * 3 + row * at) % most),
  );

const recover = { epochs: 12, learningRate: 0.01, length: 12, batch: 4, calibrate: 16 };

async function folderOf(method: CompressionMethod, options: CompressOptions = {}): Promise<ModelFolder> {
  const from = await openModelFolder(familyFolder('bert'));
  const model = await openModelInParts(from);
  const plan = planCompression(model, { to: 'safetensors', type: 'F32', method });
  const made = await compressModel(model, plan, { parts: memoryFiles(), ids: texts(60, 13), ...options });
  const folder = memoryFiles();
  await writeCompressedFolder(folder.write, made);
  await made.close();
  await from.close();
  return folder.open();
}

/** How far vectors of texts are from those of the model as it was: the mean of 1 - cosine. */
async function distance(from: ModelFolder): Promise<number> {
  const [base, small] = [await openFamily('bert'), await openLanguageModel(from)];
  let sum = 0;
  const others = texts(40, 13);
  for (const sequence of others) {
    const ids = tensor([...sequence], { dtype: 'i32' });
    const [a, b] = [base, small].map(({ module }) => noGrad(() => module.call(ids).mean(0)).dataSync()) as [
      Float32Array,
      Float32Array,
    ];
    const dot = (x: Float32Array, y: Float32Array): number =>
      x.reduce((total, value, at) => total + value * (y[at] as number), 0);
    sum += 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  }
  return sum / others.length;
}

const weight = 'encoder.layer.1.intermediate.dense.weight';
const valuesOf = async ({ tensors }: ModelFolder): Promise<Float32Array> =>
  (await (await readTensor(tensors, weight)).data()) as Float32Array;

describe('a model of hidden states', () => {
  test.each<CompressionMethod>([
    { type: 'gptq', bits: 2, group: 'row' },
    { type: 'gptq', bits: 2, group: 'row', zeros: true },
    { type: 'sparse-gpt', sparsity: 0.5 },
    { type: 'magnitude', sparsity: 0.5 },
  ])('loses less by %o with recovery', async (method) => {
    const recovered = (learningRate: number): Promise<ModelFolder> =>
      folderOf({ ...method, recover: { ...recover, learningRate } });
    const [alone, trained] = [await recovered(1e-12), await recovered(method.bits === undefined ? 0.01 : 0.001)];
    expect(await distance(trained)).toBeLessThan(0.9 * (await distance(alone)));
    const values = await valuesOf(trained);
    if (method.bits === undefined) expect(values.filter((value) => value === 0).length).toBe(values.length / 2);
    else
      for (let row = 0; row < values.length; row += 12)
        expect(new Set(values.subarray(row, row + 12)).size).toBeLessThanOrEqual(4);
  });

  test('what is trained is kept', async () => {
    const files = memoryFiles();
    const written: string[] = [];
    const write: WriteFile = (name, fill) => {
      written.push(name);
      return files.write(name, fill);
    };
    const parts = { ...files, write };
    const run = (): Promise<ModelFolder> =>
      folderOf({ type: 'sparse-gpt', recover: { ...recover, epochs: 1 } }, { parts });
    const first = await valuesOf(await run());
    expect(written).toEqual(['work.json', 'recovered.safetensors']);
    expect(await valuesOf(await run())).toEqual(first);
    expect(written).toHaveLength(2);
  });

  test('texts in one row are as if each were alone', async () => {
    const { module } = await openFamily('bert');
    const ids = texts(4, 13);
    const length = ids.flat().length;
    const { values, rows } = packRows(ids, length);
    expect(rows).toBe(1);
    const packed = noGrad(() =>
      new PackedTexts(module, 'mean').call(tensor([...values], { dtype: 'i32' }).reshape([1, 3, length])),
    );
    const found = packed.dataSync() as Float32Array;
    let at = 0;
    for (const sequence of ids) {
      const mean = noGrad(() =>
        module.call(tensor([...sequence], { dtype: 'i32' })).mean(0),
      ).dataSync() as Float32Array;
      const size = Math.sqrt(mean.reduce((sum, value) => sum + value * value, 0) / mean.length);
      for (let token = 0; token < sequence.length; token++, at++)
        for (const [feature, value] of mean.entries())
          expect(found[at * mean.length + feature]).toBeCloseTo(value / size, 4);
    }
  });
});

test('rows are full, and a text that is cut ends as it ends', () => {
  const { values, rows } = packRows(
    [
      [1, 2, 9],
      [3, 4, 5, 6, 9],
      [7, 9],
      [8, 8, 9],
    ],
    5,
  );
  expect(rows).toBe(2);
  const wanted = [
    [1, 2, 9, 3, 9, 0, 0, 0, 1, 1, 0, 1, 2, 0, 1],
    [7, 9, 8, 8, 9, 0, 0, 1, 1, 1, 0, 1, 0, 1, 2],
  ];
  expect([...values]).toEqual(wanted.flat());
});

function logSoftmax(row: Float32Array): number[] {
  const most = Math.max(...row);
  const log = most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
  return Array.from(row, (value) => value - log);
}

test('a model of logits tells tokens as it did', async () => {
  const model = await openModelInParts(await tinyFile());
  const ids = Array.from({ length: 24 }, (_, row) => Array.from({ length: 16 }, (__, at) => (row * 7 + at * at) % 32));
  const loss = async (method: CompressionMethod): Promise<number> => {
    const plan = planCompression(model, { to: 'gguf', method });
    const made = await compressModel(model, plan, { parts: memoryFiles(), ids });
    const sink = memorySink();
    await writeCompressedGguf(sink, made);
    const file = await openTensors(bytesOf(sink.bytes(), 'small.gguf'));
    expect(file.tensors.get('blk.1.ffn_up.weight')?.dtype).toBe(method.type === 'gptq' ? 'Q4_0' : 'F16');
    const [a, b] = [await openLanguageModel(await tinyFile()), await openLanguageModel(file)];
    let sum = 0;
    for (const text of ids.slice(0, 6)) {
      const [p, q] = [await scoresOf(a.module, text), await scoresOf(b.module, text)].map((rows) =>
        rows.map(logSoftmax),
      );
      for (const [at, row] of (p as number[][]).entries())
        for (const [each, log] of row.entries())
          sum += Math.exp(log) * (log - ((q as number[][])[at]?.[each] as number));
    }
    return sum;
  };
  for (const [type, more] of [
    ['gptq', {}],
    ['sparse-gpt', {}],
    ['gptq', { rank: 2 }],
    ['sparse-gpt', { rank: 2 }],
  ] as const) {
    const at = (learningRate: number): Promise<number> =>
      loss({ type, recover: { ...recover, learningRate, length: 16, ...more } });
    expect(await at(0.001)).toBeLessThan(0.9 * (await at(1e-12)));
  }
});

test.each<[string, CompressionMethod, CompressOptions]>([
  ['leaves nothing to train', { type: 'rtn', group: 'row', recover: {} }, {}],
  ['epochs', { type: 'sparse-gpt', recover: { epochs: 0 } }, {}],
  ['fewer than 4000 tokens', { type: 'sparse-gpt', recover: { length: 4000 } }, {}],
  ['rank', { type: 'magnitude', recover: { rank: 0 } }, {}],
  ['give ids', { type: 'magnitude', recover: {} }, { ids: [] }],
])('what cannot be is refused: %s', async (message, method, options) => {
  await expect(folderOf(method, options)).rejects.toThrow(message);
});

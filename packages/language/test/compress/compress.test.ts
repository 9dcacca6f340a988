// Models become what the plan said, whatever way they are compressed in, and a walk that was ended goes on to the same bytes.
import {
  compressModel,
  methodNames,
  planCompression,
  refuseNotes,
  writeCompressedFolder,
  writeCompressedGguf,
  type CompressionMethod,
  type CompressionPlan,
  type PlanOptions,
  type WalkOptions,
} from '@espalier/language';
import {
  bytesOf,
  memorySink,
  openLanguageModel,
  openModelInParts,
  openTensors,
  readTensor,
  type ModelFolder,
  type ModelInParts,
  type TensorSource,
} from '@espalier/models';
import { ArgumentError } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { memoryFiles, tinyFile, type MemoryFiles } from '../helpers/tiny-files.ts';
import { scoresOf } from '../helpers/tiny-model.ts';

const ids = Array.from({ length: 4 }, (_, row) => Array.from({ length: 24 }, (__, at) => (row * 7 + at * at) % 32));

async function written(
  model: ModelInParts,
  plan: CompressionPlan,
  options: Partial<WalkOptions> = {},
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly folder: MemoryFiles }> {
  const made = await compressModel(model, plan, { parts: memoryFiles(), ids, ...options });
  const [sink, folder] = [memorySink(), memoryFiles()];
  if (plan.to === 'gguf') await writeCompressedGguf(sink, made);
  else await writeCompressedFolder(folder.write, made);
  await made.close();
  return { bytes: sink.bytes(), folder };
}

async function opened(model: ModelInParts, options: PlanOptions): Promise<TensorSource | ModelFolder> {
  const plan = planCompression(model, options);
  const { bytes, folder } = await written(model, plan);
  return plan.to === 'gguf' ? openTensors(bytesOf(bytes, 'small.gguf')) : folder.open();
}

/** Kullback-Leibler divergence of what two models give, in the mean. */
async function divergence(a: TensorSource | ModelFolder, b: TensorSource | ModelFolder): Promise<number> {
  const [ofA, ofB] = [await openLanguageModel(a), await openLanguageModel(b)];
  const text = ids[0] as number[];
  const [p, q] = [await scoresOf(ofA.module, text), await scoresOf(ofB.module, text)].map((rows) =>
    rows.map(logSoftmax),
  );
  let sum = 0;
  for (const [at, row] of (p as number[][]).entries())
    for (const [token, log] of row.entries()) sum += Math.exp(log) * (log - ((q as number[][])[at]?.[token] as number));
  return sum / text.length;
}

function logSoftmax(row: Float32Array): number[] {
  const most = Math.max(...row);
  const log = most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
  return Array.from(row, (value) => value - log);
}

describe('a plan', () => {
  test('says what each tensor becomes and why, and the file is what it said', async () => {
    const model = await openModelInParts(await tinyFile());
    const plan = planCompression(model, {
      to: 'gguf',
      type: 'Q8_0',
      rules: [{ tensors: 'blk.*.ffn_down.weight', type: 'Q4_1' }],
    });
    const { bytes } = await written(model, plan);
    const file = await openTensors(bytesOf(bytes, 'small.gguf'));
    expect(Object.fromEntries([...file.tensors].map(([name, { dtype }]) => [name, dtype]))).toEqual(
      Object.fromEntries(plan.tensors.map(({ name, to }) => [name, to])),
    );
    expect([...file.tensors.values()].reduce((sum, each) => sum + each.bytes, 0)).toBe(plan.bytesAfter);
    expect([...(await tinyFile()).tensors.values()].reduce((sum, each) => sum + each.bytes, 0)).toBe(plan.bytesBefore);
    const whys = new Map(plan.tensors.map(({ name, to, why }) => [name, `${to}: ${why}`]));
    expect(whys.get('blk.1.ffn_down.weight')).toBe('Q4_1: by the rule blk.*.ffn_down.weight');
    expect(whys.get('blk.1.ffn_up.weight')).toBe('Q8_0: a matrix of a layer');
    expect(whys.get('token_embd.weight')).toBe('F32: no matrix of a layer');
    expect(await divergence(await tinyFile(), file)).toBeLessThan(0.05);
  });

  test('nothing is another type in silence', async () => {
    const model = await openModelInParts(await tinyFile());
    const plan = planCompression(model, { to: 'gguf', type: 'Q4_K' });
    expect(plan.notes).toHaveLength(14);
    expect(plan.notes[0]).toBe(
      'blk.0.attn_q.weight: blocks of Q4_K have 256 columns, which do not divide 64: it is Q5_0',
    );
    expect(() => refuseNotes(plan)).toThrow(ArgumentError);
    expect(() => refuseNotes(planCompression(model, { to: 'gguf', type: 'Q5_0' }))).not.toThrow();
  });

  test.each<[string, PlanOptions]>([
    ['has no type Q9_0', { to: 'gguf', type: 'Q9_0' }],
    ['has no type Q8_0', { to: 'safetensors', type: 'Q8_0' }],
    ['fits no tensor', { to: 'gguf', rules: [{ tensors: 'blk.*.up', type: 'F16' }] }],
    ['groups of 64 columns do not divide 2 matrices', { to: 'gguf', method: { type: 'rtn', group: 64 } }],
    ['GGUF has no blocks of 3 bits', { to: 'gguf', method: { type: 'gptq', bits: 3 } }],
    ['codes of 2 or 4 bits', { to: 'safetensors', method: { type: 'gptq', bits: 3 } }],
    ['a scale for a whole row', { to: 'safetensors', method: { type: 'gptq', group: 'row' } }],
    ['a zero point beside each scale', { to: 'gguf', method: { type: 'rtn', zeros: true } }],
    ['drops nothing', { to: 'gguf', method: { type: 'rtn', sparsity: 0.5 } }],
    ['drops nothing', { to: 'gguf', method: { type: 'smooth-quant', sparsity: 0.5 } }],
    ['rounds none', { to: 'gguf', method: { type: 'wanda', bits: 4 } }],
    ['rounds none', { to: 'gguf', method: { type: 'wanda', zeros: true } }],
  ])('what cannot be is refused: %s', async (message, options) => {
    const model = await openModelInParts(await tinyFile());
    expect(() => planCompression(model, options)).toThrow(message);
  });
});

describe.each(['gguf', 'safetensors'] as const)('to %s', (to) => {
  test.each(methodNames)('%s', async (type) => {
    const model = await openModelInParts(await tinyFile());
    const made = await opened(model, { to, method: { type } });
    const tensors = 'config' in made ? made.tensors : made;
    const name = to === 'gguf' ? 'blk.1.ffn_up.weight' : 'model.layers.1.mlp.up_proj.weight';
    const values = Array.from((await (await readTensor(tensors, name)).data()) as Float32Array);
    const isDropped = ['magnitude', 'wanda', 'sparse-gpt'].includes(type);
    const zeros = values.filter((value) => value === 0).length / values.length;
    expect(zeros).toBeCloseTo(isDropped ? 0.5 : zeros, 2);
    if (type !== 'smooth-quant') expect(new Set(values.slice(0, 32)).size).toBeLessThanOrEqual(isDropped ? 17 : 16);
    // Moved channels are rounded to f16, and nothing else.
    const most = type === 'smooth-quant' ? 1e-4 : isDropped ? 3 : 0.6;
    expect(await divergence(await tinyFile(), made)).toBeLessThan(most);
  });
});

test('a file that was compressed twice over is the same model in the other format', async () => {
  const method: CompressionMethod = { type: 'gptq' };
  const model = await openModelInParts(await tinyFile());
  const [file, folder] = [
    await opened(model, { to: 'gguf', method }),
    await opened(model, { to: 'safetensors', method }),
  ];
  expect(await divergence(file, folder)).toBeLessThan(1e-9);
  const back = await opened(await openModelInParts(folder), { to: 'gguf', type: 'F32' });
  expect(await divergence(file, back)).toBeLessThan(1e-9);
});

test('groups of 64 columns lie in blocks of 32', async () => {
  const model = await openModelInParts(await tinyFile(32, { hidden: 128 }));
  const file = (await opened(model, { to: 'gguf', method: { type: 'gptq', group: 64 } })) as TensorSource;
  const bytes = await file.read('blk.0.ffn_down.weight');
  const scaleAt = (block: number): string => Buffer.from(bytes.subarray(18 * block, 18 * block + 2)).toString('hex');
  expect([scaleAt(0), scaleAt(2)]).toEqual([scaleAt(1), scaleAt(3)]);
  expect(scaleAt(0)).not.toBe(scaleAt(2));
});

test('calibrated rounding loses less than rounding to the nearest', async () => {
  const model = await openModelInParts(await tinyFile());
  const base = await tinyFile();
  const of = async (type: 'rtn' | 'gptq'): Promise<number> =>
    divergence(base, await opened(model, { to: 'gguf', method: { type } }));
  expect(await of('gptq')).toBeLessThan(0.9 * (await of('rtn')));
});

test('a walk that was ended goes on to the same bytes, and not with another plan', async () => {
  const model = await openModelInParts(await tinyFile());
  const plan = planCompression(model, { to: 'gguf', method: { type: 'sparse-gpt' } });
  const { bytes } = await written(model, plan);
  const parts = memoryFiles();
  const ended = { aborted: false };
  const stop = written(model, plan, { parts, signal: ended, onLayer: () => void (ended.aborted = true) });
  await expect(stop).rejects.toThrow(/abort|stop/iu);
  expect([...parts.files.keys()]).toEqual(['work.json', 'layers.0.gguf']);
  const seen: string[] = [];
  const again = await written(model, plan, { parts, onLayer: (place) => void seen.push(place) });
  expect(seen).toEqual(['layers.1']);
  expect(Buffer.from(again.bytes).equals(bytes)).toBe(true);
  const other = planCompression(model, { to: 'gguf', method: { type: 'wanda' } });
  await expect(written(model, other, { parts })).rejects.toThrow('layers of another compression');
});

test('what a method needs is asked for', async () => {
  const model = await openModelInParts(await tinyFile());
  const plan = planCompression(model, { to: 'gguf', method: { type: 'gptq' } });
  await expect(compressModel(model, plan)).rejects.toThrow('give parts');
  await expect(compressModel(model, plan, { parts: memoryFiles() })).rejects.toThrow('give ids');
  const odd = { parts: memoryFiles(), ids: [[1, 32]] };
  await expect(compressModel(model, plan, odd)).rejects.toThrow('32 is no id');
});

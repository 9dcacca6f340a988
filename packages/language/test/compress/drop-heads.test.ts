// Heads that are missed the least go, in every layer as many, and what is left is a model of its family.
import {
  compressModel,
  dropHeads,
  planCompression,
  planHeads,
  writeCompressedFolder,
  writeCompressedGguf,
  type DropHeadsOptions,
} from '@espalier/language';
import {
  bytesOf,
  memorySink,
  openLanguageModel,
  openModelInParts,
  openPart,
  openTensors,
  writeModelGguf,
  type ModelFolder,
  type ModelInParts,
  type TensorSource,
} from '@espalier/models';
import { openModelFolder } from '@espalier/models/node';
import { callContext, type Module } from '@espalier/nn';
import { Generator, noGrad, randn, tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { familyFolder } from '../helpers/families.ts';
import { memoryFiles, tinyOpened } from '../helpers/tiny-files.ts';
import { scoresOf } from '../helpers/tiny-model.ts';

const ids = Array.from({ length: 12 }, (_, row) =>
  Array.from({ length: 8 + (row % 3) }, (__, at) => (row * 7 + at * at * 3) % 32),
);
const some = ids[1] as readonly number[];
/** More tokens than a layer is wide. */
const long = Array.from({ length: 96 }, (_, at) => (at * at * 7 + (at >> 2)) % 32);

const sizes = { vocabulary: 32, width: 64, hidden: 96, context: 128, tied: true };
const bytesIn = async (opened: ReturnType<typeof tinyOpened>): Promise<Uint8Array<ArrayBuffer>> => {
  const sink = memorySink();
  await writeModelGguf(sink, opened);
  return sink.bytes();
};
const asFile = (bytes: Uint8Array<ArrayBuffer>): Promise<TensorSource> => openTensors(bytesOf(bytes, 'tiny.gguf'));

/** A model of two layers of four heads that share two, in which some give nothing: `[layer, head of keys and values]`. */
async function drawn(
  more: Readonly<Record<string, number | boolean>> = {},
  silent: readonly (readonly [number, number])[] = [],
): Promise<ModelInParts> {
  const opened = tinyOpened({ ...sizes, ...more });
  const generator = new Generator(3);
  for (const [name, { tensor: bias }] of opened.module.namedParameters())
    if (name.endsWith('.bias')) bias.assign(randn(bias.shape, { generator }).realizeSync());
  const shared = 4 / Number(more['keyValueHeads'] ?? 2);
  for (const [layer, head] of silent) {
    const { tensor: out } = opened.module.namedParameters().get(`layers.${layer}.attention.body.out.weight`) as {
      readonly tensor: Tensor;
    };
    const columns = Array.from({ length: 64 }, (_, column) => (Math.floor(column / (16 * shared)) === head ? 0 : 1));
    out.assign(out.detach().mul(tensor(columns)).realizeSync());
  }
  return openModelInParts(await asFile(await bytesIn(opened)));
}

async function smaller(
  model: ModelInParts,
  count: number,
  options: Partial<DropHeadsOptions> = {},
): Promise<{ readonly model: ModelInParts; readonly kept: readonly (readonly number[])[]; readonly lost: number[] }> {
  const [kept, lost]: [(readonly number[])[], number[]] = [[], []];
  const made = await dropHeads(model, planHeads(model, count), {
    ids,
    onLayer: (_, done) => {
      kept.push(done.kept);
      lost.push(done.loss);
    },
    ...options,
  });
  return { model: made.model, kept, lost };
}

/** A model as it comes out of a file, and out of a folder. */
async function written(model: ModelInParts, to: 'gguf' | 'safetensors'): Promise<TensorSource | ModelFolder> {
  const made = await compressModel(model, planCompression(model, { to }));
  if (to === 'safetensors') {
    const folder = memoryFiles();
    await writeCompressedFolder(folder.write, made);
    return folder.open();
  }
  const sink = memorySink();
  await writeCompressedGguf(sink, made);
  return asFile(sink.bytes());
}

async function expectSame(module: Module, other: Module): Promise<void> {
  const [found, wanted] = [await scoresOf(module, some), await scoresOf(other, some)];
  for (const [at, row] of wanted.entries())
    for (const [each, value] of row.entries()) expect(found[at]?.[each]).toBeCloseTo(value, 4);
}

describe.each<readonly [string, Readonly<Record<string, number | boolean>>]>([
  ['llama', {}],
  ['llama without shared heads', { keyValueHeads: 4 }],
  ['qwen2', { bias: 'inputs' as never }],
  ['qwen3', { headNorm: true }],
])('%s', (_, more) => {
  const silent = [
    [0, 1],
    [1, 0],
  ] as const;

  test.each(['gguf', 'safetensors'] as const)('heads that give nothing go, and %s says the same', async (to) => {
    const model = await drawn(more, silent);
    const { model: made, kept, lost } = await smaller(model, 1);
    const all = Array.from({ length: Number(more['keyValueHeads'] ?? 2) }, (__, head) => head);
    expect(kept).toEqual([all.filter((head) => head !== 1), all.filter((head) => head !== 0)]);
    for (const loss of lost) expect(loss).toBeCloseTo(0, 8);
    const { module, description } = await openLanguageModel(await written(made, to));
    expect(description.model).toMatchObject({
      heads: 4 - 4 / all.length,
      keyValueHeads: all.length - 1,
      headWidth: 16,
      width: 64,
    });
    await expectSame(module, (await openLanguageModel(model.source)).module);
  });

  test('a file and a folder of what was fitted are one model', async () => {
    const { model } = await smaller(await drawn(more), 1);
    const [file, folder] = [await written(model, 'gguf'), await written(model, 'safetensors')];
    await expectSame((await openLanguageModel(file)).module, (await openLanguageModel(folder)).module);
  });
});

/** What all heads of the first layer give together, for the tokens of a long text. */
async function gives(model: ModelInParts): Promise<Float32Array> {
  const [embedding, layer] = [await openPart(model, 'embedding'), await openPart(model, 'layers.0')];
  const seen: Tensor[] = [];
  const output = (value: Tensor): void => void seen.push(value);
  noGrad(() =>
    layer.call(
      embedding.call(tensor(long, { dtype: 'i32' })),
      callContext({ taps: [{ at: 'attention.body.out', output }] }),
    ),
  );
  return (await (seen[0] as Tensor).data()) as Float32Array;
}

test('what is fitted gives what all gave better than what is only left', async () => {
  const model = await drawn();
  const { model: fitted, kept, lost } = await smaller(model, 1, { ids: [long] });
  const gone = kept[0]?.[0] === 0 ? 1 : 0;
  const whole = await gives(model);
  const off = (given: Float32Array): number =>
    given.reduce((sum, value, at) => sum + (value - (whole[at] ?? 0)) ** 2, 0);
  const energy = whole.reduce((sum, value) => sum + value ** 2, 0);
  const loss = off(await gives(fitted)) / energy;
  expect(loss).toBeCloseTo(lost[0] ?? Number.NaN, 4);
  expect(loss).toBeGreaterThan(0.01);
  expect(loss).toBeLessThan((0.9 * off(await gives(await drawn({}, [[0, gone]])))) / energy);
});

test('one head may be all that is left', async () => {
  const { model } = await smaller(await drawn({ keyValueHeads: 4 }), 3);
  const { description, module } = await openLanguageModel(await written(model, 'gguf'));
  expect(description.model).toMatchObject({ heads: 1, keyValueHeads: 1, headWidth: 16 });
  expect((await scoresOf(module, some)).every((row) => row.every(Number.isFinite))).toBe(true);
});

test('with no head gone a model is what it was', async () => {
  const model = await drawn();
  expect((await smaller(model, 0)).model).toBe(model);
});

test('what is stored in blocks stays so where they divide its rows', async () => {
  const whole = await drawn({ keyValueHeads: 4 });
  const coded = await compressModel(whole, planCompression(whole, { to: 'gguf', type: 'Q8_0' }));
  const sink = memorySink();
  await writeCompressedGguf(sink, coded);
  const model = await openModelInParts(await asFile(sink.bytes()));
  const typeOf = async (count: number): Promise<readonly (string | undefined)[]> => {
    const { tensors } = (await smaller(model, count)).model.tensors;
    return ['query', 'out'].map((part) => tensors.get(`layers.1.attention.body.${part}.weight`)?.dtype);
  };
  expect(await typeOf(2)).toEqual(['Q8_0', 'Q8_0']);
  expect(await typeOf(1)).toEqual(['Q8_0', 'F16']);
});

test('who is interrupted goes on to the same bytes, of the same work alone', async () => {
  const model = await drawn();
  const bytes = async (made: ModelInParts): Promise<Uint8Array> => {
    const sink = memorySink();
    await writeCompressedGguf(sink, await compressModel(made, planCompression(made, { to: 'gguf' })));
    return sink.bytes();
  };
  const parts = memoryFiles();
  const stopped = smaller(model, 1, {
    parts,
    onLayer: () => {
      throw new Error('stopped');
    },
  });
  await expect(stopped).rejects.toThrow('stopped');
  expect([...parts.files.keys()]).toEqual(['work.json', 'layers.0.heads.gguf']);
  const { model: resumed, kept } = await smaller(model, 1, { parts });
  expect(kept).toHaveLength(1);
  expect(await bytes(resumed)).toEqual(await bytes((await smaller(model, 1)).model));
  await expect(smaller(model, 1, { parts, ids: [some] })).rejects.toThrow('layers of another compression');
  parts.files.set('layers.0.heads.gguf', await bytesIn(tinyOpened(sizes)));
  await expect(smaller(model, 1, { parts })).rejects.toThrow('has no espalier.heads');
});

test('layers of a model with other heads are not gone on with', async () => {
  const [parts, model] = [memoryFiles(), await drawn()];
  const run = async (of: readonly (readonly number[])[]): Promise<void> => {
    const { model: made } = await smaller(model, 1, { ids: of });
    const plan = planCompression(made, { to: 'gguf', method: { type: 'wanda', sparsity: 0.5 } });
    await (await compressModel(made, plan, { parts, ids })).close();
  };
  await run(ids);
  await run(ids);
  await expect(run([some])).rejects.toThrow('layers of another compression');
});

describe('refused', () => {
  test.each(['gpt2', 'bert'])('%s, whose files say no width of heads', async (family) => {
    const folder = await openModelFolder(familyFolder(family));
    const model = await openModelInParts(folder);
    expect(() => planHeads(model, 1)).toThrow(`files of ${family} models have no word for the width of a head`);
    await folder.close();
  });

  test('all heads, a walk without texts, and plans of other models', async () => {
    const model = await drawn();
    expect(() => planHeads(model, 2)).toThrow('2 of 2 heads of keys and values would be gone');
    await expect(dropHeads(model, planHeads(model, 1), { ids: [] })).rejects.toThrow('heads are judged by texts');
    const other = planHeads(await drawn({ keyValueHeads: 4 }), 1);
    await expect(dropHeads(model, other, { ids })).rejects.toThrow('the plan is of a model with other heads');
    const nothing = { before: {}, after: {} } as never;
    await expect(dropHeads(model, nothing, { ids })).rejects.toThrow('the number of heads is NaN');
  });
});

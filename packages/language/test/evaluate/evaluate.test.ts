// Perplexities and divergences are those of transformers, by both protocols, however the text comes.
import { readFileSync } from 'node:fs';
import {
  compareLanguageModels,
  createTokenizer,
  encodeParts,
  idsBefore,
  measurePerplexity,
  type Protocol,
  type ScoredToken,
} from '@espalier/language';
import { AbortError, build, type Module } from '@espalier/nn';
import { ArgumentError, memory, planReport, tensor, zeros, noGrad } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { logitsOf, partsOf } from '../../src/evaluate/logit-parts.ts';
import { Moments } from '../../src/evaluate/moments.ts';
import { Spread } from '../../src/evaluate/spread.ts';
import { openFamily } from '../helpers/families.ts';
import { tinyModel } from '../helpers/tiny-model.ts';
import { bytePairJson } from '../helpers/tiny-vocabulary.ts';

interface Estimated {
  readonly mean: number;
  readonly standardError: number;
}
interface Golden {
  readonly ids: readonly number[];
  readonly perplexities: readonly (Estimated & {
    readonly name: string;
    readonly protocol: Protocol;
    readonly chunk: number;
    readonly begin: number | null;
    readonly tokens: number;
  })[];
  readonly tokens: {
    readonly name: string;
    readonly probabilities: readonly number[];
    readonly interval: { readonly low: number; readonly high: number };
  };
  readonly comparison: {
    readonly names: readonly [string, string];
    readonly difference: Estimated;
    readonly divergence: Estimated;
    readonly worst: number;
    readonly same: number;
  };
}
const golden = JSON.parse(readFileSync(new URL('../golden/evaluation.json', import.meta.url), 'utf8')) as Golden;
const ids = Int32Array.from(golden.ids);

describe('perplexity', () => {
  test.each(golden.perplexities)(
    '$name by $protocol, windows of $chunk, begun by $begin',
    async ({ name, protocol, chunk, begin, tokens, mean, standardError }) => {
      const { module } = await openFamily(name);
      for (const batch of [1, 3]) {
        const options = { protocol, chunk, batch, ...(begin !== null && { begin }) };
        const found = await measurePerplexity(module, ids, options);
        expect(found).toMatchObject({ protocol, chunk, tokens });
        expect(found.loss).toBeCloseTo(mean, 5);
        expect(found.lossError).toBeCloseTo(standardError, 5);
        expect(found.perplexity).toBeCloseTo(Math.exp(mean), 3);
        expect(found.perplexityError).toBeCloseTo(Math.exp(mean) * standardError, 3);
      }
    },
  );

  test('tells how likely each token was, and where the mean lies by its windows', async () => {
    const { name, probabilities, interval } = golden.tokens;
    const { module } = await openFamily(name);
    for (const batch of [1, 3]) {
      const told: ScoredToken[] = [];
      const options = { chunk: 16, batch, onToken: (token: ScoredToken): void => void told.push(token) };
      const { lossInterval, perplexityInterval } = await measurePerplexity(module, ids, options);
      expect(told.map(({ loss }) => Math.exp(-loss))).toEqual(probabilities.map((p): unknown => expect.closeTo(p, 6)));
      expect(told.map(({ window, position, id }) => [window, position, id])).toEqual(
        probabilities.map((_, at) => {
          const [window, position] = [Math.floor(at / 7), 9 + (at % 7)];
          return [window, position, ids[16 * window + position]];
        }),
      );
      expect(lossInterval?.low).toBeCloseTo(interval.low, 3);
      expect(lossInterval?.high).toBeCloseTo(interval.high, 3);
      expect(perplexityInterval?.high).toBeCloseTo(Math.exp(lossInterval?.high ?? NaN), 9);
    }
    expect(await measurePerplexity(module, ids, { chunk: 64 })).not.toHaveProperty('lossInterval');
  });

  test('is the same of a text that comes in parts, of as many windows as are wanted', async () => {
    const model = tinyModel(13, 3);
    const whole = await measurePerplexity(model, ids, { chunk: 16 });
    expect(whole).toMatchObject({ chunks: 4, tokens: 28, context: { least: 9, most: 15 } });
    const parts = [ids.subarray(0, 7), ids.subarray(7, 7), ids.subarray(7, 50), ids.subarray(50)];
    expect(await measurePerplexity(model, parts, { chunk: 16 })).toEqual(whole);
    const seen: number[] = [];
    const options = {
      chunk: 16,
      chunks: 3,
      batch: 2,
      onProgress: ({ chunks }: { chunks: number }) => seen.push(chunks),
    };
    expect(await measurePerplexity(model, ids, options)).toEqual(
      await measurePerplexity(model, ids.subarray(0, 50), { chunk: 16, batch: 2 }),
    );
    expect(seen).toEqual([2, 3]);
  });

  test('of a model that does not tell its head apart is the same', async () => {
    const { module } = await openFamily('llama');
    const wrapped = build({ type: 'sequential', layers: [] });
    wrapped.forward = (x): ReturnType<Module['forward']> => module.call(x);
    Object.assign(wrapped, { parameters: () => module.parameters() });
    expect(await measurePerplexity(wrapped, ids, { chunk: 16 })).toEqual(
      await measurePerplexity(module, ids, { chunk: 16 }),
    );
  });

  test('leaves no memory and no mode behind', async () => {
    const model = tinyModel(13, 3).train();
    await measurePerplexity(model, ids, { chunk: 16 });
    const before = memory();
    await measurePerplexity(model, ids, { chunk: 16 });
    expect(memory()).toEqual(before);
    expect(model.training).toBe(true);
  });

  test('refuses what no figure comes of', async () => {
    const model = tinyModel(13, 3);
    const refused = (of: Int32Array, options: object, problem: string): Promise<void> =>
      expect(measurePerplexity(model, of, options)).rejects.toThrow(problem);
    await refused(ids, {}, 'fewer than 512 tokens');
    await refused(ids, { chunk: 3 }, 'windows of 4 tokens or more');
    await refused(Int32Array.from([1, 2, 3, 13]), { chunk: 4 }, '13 is the id of no token');
    await refused(ids, { signal: { aborted: true }, chunk: 8 }, 'abort');
    await expect(measurePerplexity(model, ids, { signal: { aborted: true }, chunk: 8 })).rejects.toThrow(AbortError);
    model.parameters()[0]?.value.assign(zeros([13, 16]).add(NaN));
    await refused(ids, { chunk: 16 }, 'gives NaN in window 0');
  });
});

test('logits of a long window are in memory a part at a time', () => {
  const model = tinyModel(50_000, 1);
  const parts = partsOf({ windows: 1, first: 0, count: 2047 }, 50_000);
  expect(parts.map(({ from }) => from).slice(0, 2)).toEqual([0, 293]);
  expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(2047);
  const { bytes } = planReport(
    (shown) =>
      noGrad(() => {
        const logits = logitsOf(model, shown);
        return parts.map((part) => logits(part).logSoftmax(-1).max(-1));
      }),
    tensor(new Int32Array(512 * 4), { dtype: 'i32' }).reshape([1, 2048]),
  );
  expect(bytes).toBeLessThan(2.5 * 4 * 293 * 50_000);
});

describe('two models', () => {
  test('differ as transformers says', async () => {
    const { names, difference, divergence, worst, same } = golden.comparison;
    const [base, other] = await Promise.all(names.map(async (name) => (await openFamily(name)).module));
    const found = await compareLanguageModels(base as Module, other as Module, ids, { chunk: 16 });
    for (const [ours, theirs] of [
      [found.lossDifference, difference],
      [found.divergence, divergence],
    ] as const) {
      expect(ours.mean).toBeCloseTo(theirs.mean, 5);
      expect(ours.standardError).toBeCloseTo(theirs.standardError, 5);
    }
    expect(found.divergence.worst).toBeCloseTo(worst, 4);
    expect(found.divergence.worstOf1000).toBe(found.divergence.worst);
    expect(found.sameTop.value).toBeCloseTo(same / found.tokens, 12);
    expect(found.base).toMatchObject({ loss: (await measurePerplexity(base as Module, ids, { chunk: 16 })).loss });
  });

  test('that are the same differ by nothing, and such as differ by little by little', async () => {
    const [base, near] = [tinyModel(13, 3), tinyModel(13, 3)];
    const none = await compareLanguageModels(base, near, ids, { chunk: 16 });
    expect(none).toMatchObject({
      lossDifference: { mean: 0 },
      divergence: { mean: 0, worst: 0 },
      sameTop: { value: 1 },
    });
    for (const { value } of near.parameters()) value.assign(value.mul(1 + 1e-5));
    const { divergence } = await compareLanguageModels(base, near, ids, { chunk: 16 });
    expect(divergence.mean).toBeGreaterThan(0);
    expect(divergence.worst).toBeLessThan(1e-7);
  });

  test('of two vocabularies are refused', async () => {
    await expect(compareLanguageModels(tinyModel(13, 1), tinyModel(14, 1), ids, { chunk: 16 })).rejects.toThrow(
      ArgumentError,
    );
  });
});

test('sums do not drift, and quantiles are near', () => {
  const [moments, spread] = [new Moments(), new Spread()];
  for (let at = 0; at < 100_000; at++) {
    moments.add(1e6 + (at % 2));
    spread.add((at * 7919) % 100_000);
  }
  const { mean, standardError } = moments.estimated;
  expect(mean).toBe(1e6 + 0.5);
  expect(standardError * Math.sqrt(99_999)).toBeCloseTo(0.5, 9);
  for (const share of [0.5, 0.9, 0.999])
    expect(Math.abs(spread.quantile(share) / (share * 100_000) - 1)).toBeLessThan(1 / 4096);
  expect(spread.largest).toBe(99_999);
  expect(new Moments().estimated.standardError).toBe(Infinity);
});

describe('a text in parts', () => {
  const words = 'The cat ate 12 apples, and  slept.\nThen it  ran — über alle Berge 😀 and so on';
  const text = Array.from({ length: 7000 }, (_, at) => `${words} ${at}`).join(' ');
  const pieces = (size: number): readonly string[] =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
  const joined = async (parts: AsyncIterable<Int32Array>): Promise<readonly Int32Array[]> => {
    const all: Int32Array[] = [];
    for await (const part of parts) all.push(part);
    return all;
  };
  const flat = (all: readonly Int32Array[]): readonly number[] => all.flatMap((part) => [...part]);

  test('has the ids of the whole, and what begins it', async () => {
    const json = {
      ...bytePairJson(['a n', 'Ġ a', 'Ġa n'], ['<s>']),
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [],
        special_tokens: { '<s>': { id: '<s>', ids: [259], tokens: ['<s>'] } },
      },
    };
    const tokenizer = createTokenizer(json);
    expect(idsBefore(tokenizer)).toEqual(Int32Array.from([259]));
    const found = await joined(encodeParts(tokenizer, pieces(50_000)));
    expect(found.length).toBeGreaterThan(2);
    expect(flat(found)).toEqual([...tokenizer.encode(text)]);
    expect(flat(await joined(encodeParts(tokenizer, 'an <s>')))).toEqual([...tokenizer.encode('an <s>')]);
  });

  test('is cut nowhere where a part would begin otherwise', async () => {
    const tokenizer = createTokenizer(
      bytePairJson([], [], { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } }),
    );
    const found = await joined(encodeParts(tokenizer, pieces(300_000)));
    expect(flat(found)).toEqual([...tokenizer.encode(text)]);
  });
});

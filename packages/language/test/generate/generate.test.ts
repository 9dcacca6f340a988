/** What a model goes on with: the same with a cache, in chunks, beside others, on any number of threads, again and again. */
import { complete, createTokenizer, Decoder, generate, type Piece } from '@espalier/language';
import { AbortError, type KeepsPositions, type Module } from '@espalier/nn';
import { ArgumentError, configure, memory } from '@espalier/tensor';
import { afterAll, describe, expect, test } from 'vitest';
import { StopStrings } from '../../src/generate/stop-strings.ts';
import { greedy, scoresOf, tinyModel } from '../helpers/tiny-model.ts';
import { bytePairJson } from '../helpers/tiny-vocabulary.ts';

const vocabulary = 40;
const model = tinyModel(vocabulary, 1);
const decoder = new Decoder(model, { context: 512, chunk: 8 });
afterAll(() => decoder.dispose());

const prompt = (length: number, from = 0): number[] => Array.from({ length }, (_, at) => (from + at * at) % vocabulary);
const plain = { ends: [] };

async function idsBySequence(pieces: AsyncIterable<Piece>, count: number): Promise<readonly number[][]> {
  const ids: number[][] = Array.from({ length: count }, () => []);
  for await (const { sequence, id } of pieces) if (id !== undefined) ids[sequence]?.push(id);
  return ids;
}

describe.each(['llama', 'gpt2'] as const)('%s', (family) => {
  const own = tinyModel(vocabulary, 3, family);
  const with8 = new Decoder(own, { context: 512, chunk: 8 });
  afterAll(() => with8.dispose());

  test.each([1, 5, 8, 9, 21])('a prompt of %i tokens goes on as without a cache', async (length) => {
    const { ids } = await complete(with8, prompt(length), { ...plain, maxTokens: 12 });
    expect(ids).toEqual(await greedy(own, prompt(length), 12));
  });

  test('the cache grows while a text does', async () => {
    const { ids } = await complete(with8, prompt(120), { ...plain, maxTokens: 16 });
    expect(ids).toEqual(await greedy(own, prompt(120), 16));
  });

  test('prompts of several lengths go on beside one another as alone, and scores are those of one', async () => {
    const prompts = [prompt(3), prompt(11, 5), prompt(1, 9), prompt(8, 2)];
    const together = await idsBySequence(generate(with8, prompts, { ...plain, maxTokens: 10 }), 4);
    for (const [sequence, each] of prompts.entries()) expect(together[sequence]).toEqual(await greedy(own, each, 10));
    const lanes = with8.lanes(4);
    const scores = await lanes.prefill(prompts);
    for (const [sequence, each] of prompts.entries()) {
      const alone = (await scoresOf(own, each)).at(-1) as Float32Array;
      for (const [id, score] of scores.of(sequence).entries())
        expect(Math.abs(score - (alone[id] as number))).toBeLessThan(1e-5);
    }
    lanes.close();
  });
});

test.each([
  ['f16', 1e-3],
  ['int8', 0.05],
] as const)('keys and values may be kept in %s', async (cache, within) => {
  const own = tinyModel(vocabulary, 1);
  const kept = new Decoder(own, { context: 64, chunk: 8, cache });
  const layers = [...own.namedModules()].map(
    ([, module]) => (module as Module & Partial<KeepsPositions>).keptPerPosition,
  );
  expect(new Set(layers.flatMap((each) => each?.numbers ?? []))).toEqual(new Set([cache]));
  const [scores, exact] = [kept.lanes(1), decoder.lanes(1)];
  const [rough, plainly] = [(await scores.prefill([prompt(21)])).of(0), (await exact.prefill([prompt(21)])).of(0)];
  const far = Math.max(...Array.from(rough, (score, id) => Math.abs(score - (plainly[id] as number))));
  expect(far).toBeGreaterThan(0);
  expect(far).toBeLessThan(within);
  for (const each of [scores, exact]) each.close();
  kept.dispose();
  expect(() => new Decoder(own, { context: 64, cache: 'int3' as never })).toThrow(/int3/);
});

test('sequences that end leave the others as they are', async () => {
  const prompts = [prompt(3), prompt(11, 5), prompt(1, 9), prompt(8, 2), prompt(2, 7)];
  const alone = await Promise.all(prompts.map((each) => greedy(model, each, 16)));
  const ends = [alone[0]?.[2], alone[1]?.[4], alone[3]?.[6]] as number[];
  const upTo = (ids: readonly number[]): readonly number[] => {
    const at = ids.findIndex((id) => ends.includes(id));
    return at < 0 ? ids : ids.slice(0, at + 1);
  };
  const together = await idsBySequence(generate(decoder, prompts, { ends, maxTokens: 16 }), 5);
  expect(together).toEqual(alone.map(upTo));
});

describe('endings', () => {
  const tokenizer = createTokenizer(bytePairJson([]));
  const bytes = new Decoder(tinyModel(256, 7), { context: 64, chunk: 8 });
  afterAll(() => bytes.dispose());

  test('a text that stops is not told, wherever tokens begin', async () => {
    const whole = await complete(bytes, [65, 66], { tokenizer, maxTokens: 24 });
    expect(whole).toMatchObject({ ended: 'length' });
    const stop = [...whole.text].slice(5, 8).join('');
    const { text, ended } = await complete(bytes, [65, 66], { tokenizer, maxTokens: 24, stop: ['nothing', stop] });
    expect([text, ended]).toEqual([whole.text.slice(0, whole.text.indexOf(stop)), 'stop']);
    const half = `${stop}nothing`;
    expect(await complete(bytes, [65, 66], { tokenizer, maxTokens: 24, stop: [half] })).toEqual(whole);
  });

  test('of stops that overlap the one that is whole first is met, in one piece as character by character', () => {
    const texts = ['xabcdy', 'aab', 'ababc', 'bca'];
    const stops = [
      ['bc', 'abcd'],
      ['b', 'ab', 'aab'],
      ['c', 'bc'],
      ['ca', 'a', 'bca'],
    ];
    for (const text of texts)
      for (const all of stops) {
        const told = (pieces: readonly string[]): string => {
          const one = new StopStrings(all);
          let so = '';
          for (const piece of pieces) {
            const found = one.push(piece);
            so += found.text;
            if (found.stopped) return so;
          }
          return so + one.end();
        };
        expect(told([text])).toBe(told([...text]));
        expect(told([text.slice(0, 2), text.slice(2)])).toBe(told([...text]));
      }
  });

  test('pieces are the text, and the last one says why it is', async () => {
    const pieces: Piece[] = [];
    for await (const piece of generate(bytes, [65], { tokenizer, maxTokens: 9 })) pieces.push(piece);
    expect(pieces.map(({ ended }) => ended)).toEqual([...Array(8).fill(undefined), 'length']);
    const ids = pieces.map(({ id }) => id as number);
    expect(pieces.map(({ text }) => text).join('')).toBe(tokenizer.decode(ids));
  });

  test('the context ends a text, an end does, and none is asked for', async () => {
    const { ids, ended } = await complete(bytes, prompt(60), { tokenizer });
    expect([ids.length, ended]).toEqual([5, 'context']);
    const end = ids[1] as number;
    expect(await complete(bytes, prompt(60), { ends: [end] })).toMatchObject({ ended: 'end' });
    const beside: (readonly number[])[] = [prompt(60), [65]];
    expect((await idsBySequence(generate(bytes, beside, { ends: [] }), 2)).map((each) => each.length)).toEqual([5, 5]);
    expect(await complete(bytes, [65], { maxTokens: 0 })).toEqual({ ids: [], text: '', ended: 'length' });
  });
});

test('a signal ends a generation, before it begins and between tokens', async () => {
  const controller = new AbortController();
  const seen: number[] = [];
  const work = async (): Promise<void> => {
    for await (const { id } of generate(decoder, prompt(3), { ...plain, signal: controller.signal })) {
      seen.push(id as number);
      if (seen.length === 3) controller.abort('enough');
    }
  };
  await expect(work()).rejects.toThrow(AbortError);
  expect(seen).toHaveLength(3);
  await expect(complete(decoder, prompt(3), { signal: controller.signal })).rejects.toThrow(AbortError);
  expect((await complete(decoder, prompt(3), { ...plain, maxTokens: 3 })).ids).toEqual(seen);
});

test('seeds say which text it is, beside whichever others', async () => {
  const options = { ...plain, maxTokens: 12, temperature: 1.5, seed: 4 };
  const { ids } = await complete(decoder, prompt(4), options);
  expect((await complete(decoder, prompt(4), options)).ids).toEqual(ids);
  expect((await complete(decoder, prompt(4), { ...options, seed: 5 })).ids).not.toEqual(ids);
  const [first, second] = await idsBySequence(generate(decoder, [prompt(4), prompt(4)], options), 2);
  expect(first).toEqual(ids);
  expect(second).not.toEqual(ids);
});

test('one thread and two give the same tokens', async () => {
  const texts: (readonly number[])[] = [];
  for (const threads of [1, 2]) {
    configure({ threads });
    const own = new Decoder(model, { context: 512 });
    texts.push((await complete(own, prompt(70), { ...plain, maxTokens: 24, temperature: 1, seed: 2 })).ids);
    own.dispose();
  }
  configure({ threads: 1 });
  expect(texts[0]).toEqual(texts[1]);
});

test('a chat goes on from what the cache has', async () => {
  const own = new Decoder(model, { context: 512, chunk: 8 });
  const first = await complete(own, prompt(20), { ...plain, maxTokens: 6, reuse: true });
  const next = [...prompt(20), ...first.ids, 7, 8];
  expect((await complete(own, next, { ...plain, maxTokens: 6, reuse: true })).ids).toEqual(
    await greedy(model, next, 6),
  );
  expect((await complete(own, prompt(9), { ...plain, maxTokens: 6, reuse: true })).ids).toEqual(
    await greedy(model, prompt(9), 6),
  );
  own.dispose();
});

test('a thousand generations take no more memory than one, and two at once do not meet', async () => {
  const options = { ...plain, maxTokens: 3 };
  const [one, other] = await Promise.all([
    complete(decoder, prompt(5), options),
    complete(decoder, prompt(6, 3), options),
  ]);
  expect([one.ids, other.ids]).toEqual([await greedy(model, prompt(5), 3), await greedy(model, prompt(6, 3), 3)]);
  const before = memory().bytes;
  for (let time = 0; time < 1000; time++) {
    const { ids } = await complete(decoder, prompt(5), options);
    if (time % 100 === 0) expect(ids).toEqual(one.ids);
  }
  expect(memory().bytes).toBe(before);
});

test('what cannot be gone on with is refused', async () => {
  await expect(complete(decoder, [])).rejects.toThrow(ArgumentError);
  await expect(complete(decoder, prompt(513))).rejects.toThrow('the model takes 512');
  await expect(complete(decoder, [1], { temperature: -1 })).rejects.toThrow('temperature');
  await expect(complete(decoder, [1], { stop: [''] })).rejects.toThrow('stop');
  await expect(complete(decoder, [1], { guesses: 16, draft: decoder })).rejects.toThrow('guesses');
});

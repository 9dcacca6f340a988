/** Guessing tokens ahead changes nothing of what is said. */
import { complete, Decoder } from '@espalier/language';
import { afterAll, describe, expect, test } from 'vitest';
import { scoresOf, tinyModel } from '../helpers/tiny-model.ts';

const vocabulary = 6;
const model = tinyModel(vocabulary, 11);
const decoder = new Decoder(model, { context: 48, chunk: 16 });
const drafts = {
  itself: new Decoder(model, { context: 48, chunk: 16 }),
  another: new Decoder(tinyModel(vocabulary, 12), { context: 40, chunk: 16 }),
};
afterAll(() => {
  for (const each of [decoder, ...Object.values(drafts)]) each.dispose();
});

test('a prompt of one token, and one that the draft has no room for, go on as without it', async () => {
  const short = new Decoder(tinyModel(vocabulary, 13), { context: 12, chunk: 4 });
  for (const prompt of [
    [3],
    [1, 2, 3],
    Array.from({ length: 10 }, (_, at) => at % 6),
    Array.from({ length: 20 }, () => 2),
  ]) {
    const options = { ends: [], repetitionPenalty: 1.2 };
    const alone = await complete(decoder, prompt, options);
    for (const draft of [short, drafts.another])
      expect(await complete(decoder, prompt, { ...options, draft, guesses: 5 })).toEqual(alone);
  }
  short.dispose();
});

describe.each(['itself', 'another'] as const)('with %s as the draft', (name) => {
  test.each([1, 4, 15])(
    'the likeliest text is the same with %i guesses, to the end of the context',
    async (guesses) => {
      const figures = { guessed: 0, taken: 0, rounds: 0 };
      const options = { ends: [], maxTokens: 30 };
      const alone = await complete(decoder, [1, 2, 3], options);
      expect(await complete(decoder, [1, 2, 3], { ...options, draft: drafts[name], guesses, figures })).toEqual(alone);
      expect(figures.taken).toBeLessThanOrEqual(figures.guessed);
      if (name === 'itself') expect(figures.taken).toBe(figures.guessed);
    },
  );

  test('what is drawn is drawn as without it', async () => {
    // Of the third token behind the prompt, in the first round of guesses, all ways to it together.
    const temperature = 1.3;
    const prompt = [1, 2];
    const softmax = (scores: Float32Array): number[] => {
      const weights = Array.from(scores, (score) => Math.exp(score / temperature));
      const sum = weights.reduce((so, weight) => so + weight, 0);
      return weights.map((weight) => weight / sum);
    };
    const expected = Array<number>(vocabulary).fill(0);
    const next = async (ids: readonly number[]): Promise<number[]> =>
      softmax((await scoresOf(model, ids)).at(-1) as Float32Array);
    for (const [a, pa] of (await next(prompt)).entries())
      for (const [b, pb] of (await next([...prompt, a])).entries())
        for (const [c, pc] of (await next([...prompt, a, b])).entries())
          expected[c] = (expected[c] as number) + pa * pb * pc;
    const runs = 1200;
    const counts = Array<number>(vocabulary).fill(0);
    for (let seed = 0; seed < runs; seed++) {
      const options = { ends: [], maxTokens: 3, temperature, seed, draft: drafts[name], guesses: 3 };
      const { ids } = await complete(decoder, prompt, options);
      const third = ids[2] as number;
      counts[third] = (counts[third] as number) + 1;
    }
    const chiSquare = counts.reduce((sum, count, id) => {
      const wanted = runs * (expected[id] as number);
      return sum + (count - wanted) ** 2 / wanted;
    }, 0);
    // Of 5 degrees of freedom, beyond which one in 10,000 lies; the seeds are always the same.
    expect(chiSquare).toBeLessThan(25.7);
  });
});

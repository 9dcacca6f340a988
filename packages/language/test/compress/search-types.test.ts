// Types are found that keep goals: fewer bytes where that costs least, as what is judged on other tokens.
import {
  parseCompressionGoals,
  planCompression,
  searchTypes,
  type CompressionGoals,
  type TypeSearch,
} from '@espalier/language';
import { openLanguageModel, openModelInParts } from '@espalier/models';
import { ArgumentError } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { tinyFile } from '../helpers/tiny-files.ts';
import { scoresOf } from '../helpers/tiny-model.ts';

const sequence = (seed: number): number[] => Array.from({ length: 24 }, (_, at) => (seed * 7 + at * at) % 32);
const [ids, judge] = [[sequence(1)], [sequence(2), sequence(3)]];
const types = ['F16', 'Q8_0', 'Q5_0', 'Q4_0'];

async function search(goals: CompressionGoals): Promise<TypeSearch & { readonly bytes: number }> {
  const file = await tinyFile();
  const model = await openModelInParts(file);
  const { module } = await openLanguageModel(file);
  const before = await scoresOf(module, sequence(1));
  const found = await searchTypes(model, module, { goals, ids, judge, types, overhead: 100 });
  expect(await scoresOf(module, sequence(1))).toEqual(before);
  return { ...found, bytes: planCompression(model, { to: 'gguf', rules: found.rules }).bytesAfter + 100 };
}

test('within a budget the least is lost', async () => {
  const { best, bytes, isKept, measured, tried } = await search({ bytes: 80_000 });
  expect([isKept, bytes, tried]).toEqual([true, best.bytes, [best]]);
  expect(bytes).toBeLessThanOrEqual(80_000);
  expect(bytes).toBeGreaterThan(70_000);
  expect(measured).toHaveLength(8 * types.length);
  const whole = await search({ bytes: 60_000 });
  expect(whole.best.kl).toBeGreaterThan(best.kl);
});

test('within a divergence the smallest that was tried is taken', async () => {
  const { best, isKept, tried } = await search({ kl: 0.05 });
  expect([isKept, tried.length]).toEqual([true, 6]);
  expect(best.kl).toBeLessThanOrEqual(0.05);
  for (const each of tried) expect(each.kl <= 0.05 && each.bytes < best.bytes).toBe(false);
});

test('goals that cannot be kept are said', async () => {
  const { isKept, best } = await search({ bytes: 60_000, kl: 1e-6 });
  expect([isKept, best.kl > 1e-6]).toEqual([false, true]);
  await expect(search({ bytes: 1000 })).rejects.toThrow('the smallest options take');
  await expect(search({})).rejects.toThrow('has no goal');
});

describe('goals', () => {
  test('are read', () => {
    expect(parseCompressionGoals(['bytes<=80MB, kl <= 0.2'])).toEqual({ bytes: 80e6, kl: 0.2 });
    expect(parseCompressionGoals(['kl≤1e-3'])).toEqual({ kl: 0.001 });
  });
  test.each(['bytes>=3', 'kl<=', 'kl<=-1', 'kl<=x', 'speed<=3', 'kl<=1,kl<=2'])('and refused: %s', (text) => {
    expect(() => parseCompressionGoals([text])).toThrow(ArgumentError);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteCount, decodeTokens } from '@espalier/data';
import { openText } from '@espalier/pipeline/node';
import { UsageError } from '@espalier/pipeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTextPreparation } from '../src/node/text/open-text.ts';

let folder = '';
const at = (...parts: readonly string[]): string => join(folder, ...parts);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-texts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const story = Array.from({ length: 120 }, (_, line) => `Line ${line} of a story, ähnlich wie die andern.\n`).join('');

describe('a text', () => {
  test('is parted at its lines, a tenth to judge by, as the seed says; nothing is lost', async () => {
    writeFileSync(at('story.txt'), story);
    const { train, test: judged, preparation } = await openText({ path: at('story.txt'), seed: 1 });
    expect(preparation).toEqual({ source: 'text', context: 16, pairs: [] });
    const [learnt, other] = [decodeTokens(train), decodeTokens(judged)].map((text) => text.split('\n').filter(Boolean));
    expect([...(learnt ?? []), ...(other ?? [])].toSorted()).toEqual(story.split('\n').filter(Boolean).toSorted());
    expect((other?.length ?? 0) / 120).toBeCloseTo(0.1, 1);
    const again = await openText({ path: at('story.txt'), seed: 1 });
    expect(decodeTokens(again.test)).toBe(decodeTokens(judged));
    const seeds = await Promise.all([2, 3, 4].map((seed) => openText({ path: at('story.txt'), seed })));
    expect(seeds.some(({ test: part }) => decodeTokens(part) !== decodeTokens(judged))).toBe(true);
  });

  test('of a folder is that of all its files, and its pairs are learnt from the training part alone', async () => {
    mkdirSync(at('all', 'deep'), { recursive: true });
    writeFileSync(at('all', 'a.txt'), story);
    writeFileSync(at('all', 'deep', 'b.md'), story);
    writeFileSync(at('all', 'c.bin'), Buffer.from([0xff]));
    const { train, preparation } = await openText({ path: at('all'), seed: 1, tokens: byteCount + 30 });
    expect(preparation.pairs).toHaveLength(30);
    expect(Math.max(...train)).toBeGreaterThanOrEqual(byteCount);
    const told = await openText({ path: at('all'), seed: 1, pairs: preparation.pairs });
    expect(told.train).toEqual(train);
  });

  test('of few tokens is refused with their number', async () => {
    writeFileSync(at('few.txt'), 'a'.repeat(999));
    await expect(openText({ path: at('few.txt'), seed: 1 })).rejects.toThrow(UsageError);
    await expect(openText({ path: at('few.txt'), seed: 1 })).rejects.toThrow(/has 999 tokens, .* give at least 1000/u);
  });
});

test.each([
  [{ context: 0, pairs: [] }, /preparation\.context/u],
  [{ context: 8, pairs: [[256, 1]] }, /preparation\.pairs/u],
  [{ context: 8, pairs: [[1, 2, 3]] }, /preparation\.pairs/u],
  [{ context: 8 }, /preparation\.pairs/u],
  // Each of the one before it twice: the last would be a gibibyte.
  [
    { context: 8, pairs: Array.from({ length: 30 }, (_, rank) => [255 + rank, 255 + rank]) },
    /preparation\.pairs: makes tokens of/u,
  ],
])('a preparation such as %j is refused', (config, problem) => {
  expect(() => readTextPreparation(config)).toThrow(problem);
});

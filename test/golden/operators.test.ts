import { device } from '@espalier/tensor';
import { afterAll, describe, expect, test } from 'vitest';
import { check, dtypesOf, rules } from './check.ts';
import { golden } from './file.ts';
import { meant, meantDifferences, type MeantDifference } from './meant.ts';

// The cpu device runs everything; the reference, which is slow, the dtype that it stands for in other tests.
const devices = [
  { name: 'cpu', dtypes: ['f32', 'f64', 'f16', 'bf16'] },
  { name: 'reference', dtypes: ['f64'] },
] as const;

const needed = new Set<MeantDifference>();

test('every op of the file has a rule, and every rule samples', () => {
  expect(Object.keys(rules).toSorted()).toEqual(Object.keys(golden.ops).toSorted());
});

describe.each(devices)('PyTorch’s samples on $name', ({ name, dtypes }) => {
  const counts = { same: 0, meant: 0 };
  afterAll(() =>
    console.log(`PyTorch on ${name}: ${counts.same} samples agree, ${counts.meant} differ as they are meant to`),
  );

  test.each(Object.entries(golden.ops))('%s', async (op, samples) => {
    const on = await device(name);
    const wrong: string[] = [];
    for (const [index, sample] of samples.entries())
      for (const dtype of dtypesOf(sample, on, dtypes)) {
        const outcome = await check(op, sample, dtype, on);
        const row = outcome.verdict === 'same' ? undefined : meant(outcome);
        if (row) needed.add(row);
        if (row || outcome.verdict === 'same') counts[row ? 'meant' : 'same']++;
        else wrong.push(`sample ${index} in ${dtype}: ${outcome.verdict}: ${outcome.detail}`);
      }
    expect(wrong).toEqual([]);
  });
});

test('every difference that is listed as meant is still there', () => {
  expect(meantDifferences.filter((row) => !needed.has(row)).map(({ reason }) => reason)).toEqual([]);
});

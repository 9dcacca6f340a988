import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CheckError, checkProperty } from '@espalier/testing';

const numbers = fc.nat({ max: 1000 }).map((value) => ({ value, describe: () => `the number ${value}` }));
const below =
  (limit: number) =>
  async ({ value }: { value: number }) => {
    if (value >= limit) throw new Error(`${value} is not below ${limit}`);
  };

test('counts the cases that held', async () => {
  expect(await checkProperty('numbers', numbers, below(2000), { runs: 30, seed: 5 }, 10)).toEqual({
    cases: 30,
    seed: 5,
  });
});

test('reports the smallest failing case, and how to see it again', async () => {
  const failure = await checkProperty('numbers', numbers, below(50), { runs: 100, seed: 5 }, 10).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(CheckError);
  const { message, seed, path } = failure as CheckError;
  expect(message).toContain('the number 50');
  expect(message).toContain('50 is not below 50');
  expect(message).toContain('FC_SEED=5');
  const again = await checkProperty('numbers', numbers, below(50), { seed, path }, 10).catch((error: unknown) => error);
  expect((again as CheckError).message).toContain('the number 50');
});

import { Parameter } from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scoreWeights, type Importance } from '../../src/prune/importance.ts';

async function scores(importance: Importance, values: readonly number[], seed = 7): Promise<Float32Array> {
  const parameter = new Parameter(tensor([...values]));
  return scoreWeights(importance, Float32Array.from(values), { name: 'weight', parameter }, seed);
}

test('LAMP is the square over the sum of the squares that are no smaller', async () => {
  expect([...(await scores('lamp', [1, -2, 3]))]).toEqual([1 / 14, 4 / 13, 1].map(Math.fround));
});

test('LAMP ranks the weights of one tensor as magnitude does, whatever their scale', async () => {
  const integers = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(integers, fc.constantFrom(1, 1024, 2 ** -80, 2 ** 80), async (values, scale) => {
      const lamp = await scores('lamp', values);
      const scaled = await scores(
        'lamp',
        values.map((value) => value * scale),
      );
      expect([...scaled]).toEqual([...lamp]);
      for (const [i, a] of values.entries()) {
        for (const [j, b] of values.entries()) {
          if (Math.abs(a) < Math.abs(b)) expect(lamp[i]).toBeLessThan(lamp[j] ?? 0);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('LAMP of a tensor of zeros is zero', async () => {
  expect([...(await scores('lamp', [0, 0]))]).toEqual([0, 0]);
});

test('the random score is the same each time, and another for another seed', async () => {
  const values = [1, 2, 3, 4];
  expect(await scores('random', values)).toEqual(await scores('random', values));
  expect(await scores('random', values, 8)).not.toEqual(await scores('random', values));
});

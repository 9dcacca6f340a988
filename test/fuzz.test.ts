import { describe, expect, test } from 'vitest';
import { fuzz } from '../tools/fuzz/engine/fuzz.ts';
import { mutateJson } from '../tools/fuzz/engine/mutate-json.ts';
import { Random } from '../tools/fuzz/engine/random.ts';
import { readers } from '../tools/fuzz/readers/table.ts';

// Other mutants each time, as with properties: a failure prints the seed that brings it back.
const seed = Number(process.env['FC_SEED'] ?? 1);

test('a mutant is what its seed and number make of it, whichever came before', () => {
  const input = Buffer.from(JSON.stringify({ a: { b: [1, 2, 'x'] }, c: null, d: [{ e: 1 }] }));
  const mutants = (): readonly string[] =>
    Array.from({ length: 2000 }, (_, index) =>
      Buffer.from(mutateJson(input, new Random(String(index)))).toString('latin1'),
    );
  expect(mutants()).toEqual(mutants());
});

describe('mutants of what it reads neither crash nor hang nor fill the memory, and are refused by an error of ours', () => {
  test.each(readers.map(({ name }) => name))('%s', async (name) => {
    const findings = await fuzz(name, { seed, mutants: 40 });
    expect(findings, `npm run fuzz -- ${name} --seed ${seed}`).toEqual([]);
  });
});

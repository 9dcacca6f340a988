import { beforeAll, describe, expect, test } from 'vitest';
import { fuzz } from '../tools/fuzz/engine/fuzz.ts';
import { mutateJson } from '../tools/fuzz/engine/mutate-json.ts';
import { Random } from '../tools/fuzz/engine/random.ts';
import type { Finding } from '../tools/fuzz/engine/reader.ts';
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
  const names = readers.map(({ name }) => name);
  let findings: readonly Finding[];
  // All at once, for most of the time goes into starting a process.
  beforeAll(async () => {
    findings = await fuzz(names, { seed, mutants: 40 });
  });

  test.each(names)('%s', (name) => {
    expect(
      findings.filter(({ reader }) => reader === name),
      `npm run fuzz -- ${name} --seed ${seed}`,
    ).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { fuzz } from '../tools/fuzz/engine/fuzz.ts';
import { readers } from '../tools/fuzz/readers/table.ts';

// Other mutants each time, as with properties: a failure prints the seed that brings it back.
const seed = Number(process.env['FC_SEED'] ?? 1);

describe('mutants of what it reads neither crash nor hang nor fill the memory, and are refused by an error of ours', () => {
  test.each(readers.map(({ name }) => name))('%s', async (name) => {
    const findings = await fuzz(name, { seed, mutants: 40 });
    expect(findings, `npm run fuzz -- ${name} --seed ${seed}`).toEqual([]);
  });
});

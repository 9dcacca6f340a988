import { genetic, greedy, random, type Strategy } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { closedForms, type ClosedForm } from '../helpers/functions.ts';
import { median, regrets } from '../helpers/run.ts';

const seeds = Array.from({ length: 30 }, (_, seed) => seed);

/** The median over seeds of how far the best of 100 trials lies above the minimum. */
async function medianRegret(form: ClosedForm, strategy: Strategy): Promise<number> {
  const best: number[] = [];
  for (const seed of seeds) best.push(Math.min(...(await regrets(form, strategy, seed, 100))));
  return median(best);
}

describe.each(closedForms.map((form) => [form.name, form] as const))('%s', (_, form) => {
  it('random search comes nowhere near what greedy and genetic find', async () => {
    const baseline = await medianRegret(form, random());
    expect(await medianRegret(form, greedy())).toBeLessThan(baseline / 10);
    expect(await medianRegret(form, genetic())).toBeLessThan(baseline / 1.5);
  });
});

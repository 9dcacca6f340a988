import { openStudy } from '@espalier/search';
import { expect } from 'vitest';
import { runSample } from './sample-study.ts';

/** Expects the study that `golden/schema-1.*.sql` hold to be there whole, and to go on. */
export async function expectFirstSchemaGoesOn(url: string): Promise<void> {
  const study = await openStudy({ storage: url });
  expect(study.trials.map(({ state }) => state)).toEqual(['complete', 'complete', 'waiting']);
  expect(study.trials[1]?.metrics).toEqual({ f: 0.3770868041611387 });
  await runSample(study, 4);
  expect(study.trials.map(({ number, state }) => [number, state])).toEqual([0, 1, 2, 3].map((n) => [n, 'complete']));
  expect(study.trials[2]?.config).toEqual({ n: 4, kind: { type: 'b' } });
  await study.close();
}

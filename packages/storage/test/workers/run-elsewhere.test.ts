import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createStudy, int, maxTrials, space, target, type Study } from '@espalier/search';
import { expect, it } from 'vitest';
import { sharedStudy } from '../helpers/shared-study.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const url = (name: string): string => `sqlite:${join(folder(), name)}.db`;

/** Has another worker begin a trial, and leave it at that. */
async function begunElsewhere({ storage, name }: Pick<Study, 'storage' | 'name'>, lease: number): Promise<number> {
  const { number, attempt } = await storage.claim(name, { worker: 'elsewhere', at: 0, lease });
  const origin = { operator: 'sample' };
  await storage.append(name, [{ type: 'start', number, attempt, at: 0, config: { x: 1 }, origin, basis: 0 }]);
  return number;
}

it('a run takes over the trial of a worker that vanished after the last trial had begun', async () => {
  const study = await createStudy(sharedStudy(url('vanished')));
  const number = await begunElsewhere(study, 300);
  const { counts, stopped } = await study.run(() => 1, { stop: [maxTrials(3)], lease: 300 });
  expect(stopped.by).toBe('maxTrials(3)');
  expect(counts).toMatchObject({ complete: 3, running: 0, waiting: 0 });
  expect(study.trials[number]).toMatchObject({ losses: 1, state: 'complete' });
  await study.close();
});

it('a run whose strategy has nothing left does so too', async () => {
  const domain = space({ x: int(0, 2) });
  const study = await createStudy({ ...sharedStudy(url('exhausted')), space: domain });
  await begunElsewhere(study, 300);
  const { counts, stopped } = await study.run(() => 1, { lease: 300 });
  expect(stopped.by).toBe('exhausted');
  expect(counts).toMatchObject({ complete: 3, running: 0, waiting: 0 });
  await study.close();
});

it('a run stays while others are at work, and leaves them their trials', async () => {
  const study = await createStudy(sharedStudy(url('alive')));
  const number = await begunElsewhere(study, 60_000);
  let ended = false;
  const run = study.run(() => 1, { stop: [maxTrials(2)], lease: 60_000 }).finally(() => (ended = true));
  while (study.trials.filter(({ state }) => state === 'complete').length < 1) await setTimeout(10);
  await setTimeout(300);
  expect(ended).toBe(false);
  const told = { type: 'finish', number, attempt: 1, at: 0, state: 'complete', metrics: { loss: 2 } } as const;
  await study.storage.append('shared', [told]);
  expect((await run).counts).toMatchObject({ complete: 2, running: 0 });
  expect(study.trials[number]).toMatchObject({ attempt: 1, metrics: { loss: 2 } });
  await study.close();
});

it('a run whose goal is reached waits for nobody', async () => {
  const study = await createStudy(sharedStudy(url('reached')));
  await begunElsewhere(study, 60_000);
  const { counts, stopped } = await study.run(() => 1, { stop: [maxTrials(2), target('loss <= 1')], lease: 60_000 });
  expect(stopped.by).toBe("target('loss <= 1')");
  expect(counts).toMatchObject({ complete: 1, running: 1 });
  await study.close();
});

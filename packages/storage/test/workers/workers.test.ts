import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createStudy } from '@espalier/search';
import { keepAlive } from '@espalier/storage';
import { expect, it } from 'vitest';
import { startScript } from '../helpers/processes.ts';
import { flaws, sharedStudy } from '../helpers/shared-study.ts';
import { siege } from '../helpers/siege.ts';
import { stampede } from '../helpers/stampede.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const url = (name: string): string => `sqlite:${join(folder(), name)}.db`;

it('eight processes at once make no error, and numbers without gaps', async () => {
  const { trials, flaws: found } = await stampede(url('stampede'), 8, 25);
  expect(found).toEqual([]);
  expect(trials).toBe(200);
});

it('processes killed or suspended at any time lose nothing, and finish every trial once', async () => {
  const result = await siege({ url: url('siege') }, { processes: 4, seconds: 4, killEvery: 500, lease: 1500 });
  expect(result.flaws).toEqual([]);
  expect(result.killed).toBeGreaterThan(0);
  expect(result.finished).toBeGreaterThan(4);
});

it('without leases, the trials of a killed process are taken over by those that live', async () => {
  const result = await siege({ url: url('no-lease') }, { processes: 3, seconds: 2, killEvery: 500, lease: 0 });
  expect(result.flaws).toEqual([]);
  expect(result.killed).toBeGreaterThan(0);
});

it('a claim is renewed while its process computes without a pause', async () => {
  const storage = url('computing');
  const [lease, work] = [400, 6000];
  const busy = startScript('run-worker.ts', [storage, '1', String(lease), String(work)]);
  await busy.says('ready');
  const study = await createStudy(sharedStudy(storage));
  while (!study.trials.some(({ number }) => number === 0)) {
    await study.sync();
    await setTimeout(20);
  }
  // Asking takes whatever has run out: by now the first lease has, were it not renewed.
  await setTimeout(lease * 2);
  expect((await study.storage.claim('shared', { worker: 'other', at: 0, lease: 1 })).number).toBe(1);
  expect(await busy.ended).toBe(0);
  expect(busy.lines).toContain('told 0');
  expect(flaws(await study.storage.read('shared', 0)).filter((flaw) => flaw.includes('trial 0'))).toEqual([]);
  await study.close();
});

it('renewing ends when a claim is dropped', async () => {
  const study = await createStudy(sharedStudy(url('dropped')));
  const lease = 60;
  const keeper = await keepAlive(study.storage.url, 'shared', lease);
  const claim = await study.storage.claim('shared', { worker: 'one', at: 0, lease });
  keeper.hold(claim);
  keeper.drop(claim);
  await setTimeout(lease * 4);
  expect(await study.storage.claim('shared', { worker: 'two', at: 0 })).toEqual({ number: 0, attempt: 2 });
  await keeper.close();
  await study.close();
});

it('a thread that cannot open its storage says so', async () => {
  await expect(keepAlive('redis:x', 'shared', 1000)).rejects.toThrow(
    'the thread that keeps claims alive did not start',
  );
});

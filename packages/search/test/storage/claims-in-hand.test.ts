import { setTimeout } from 'node:timers/promises';
import {
  createStudy,
  float,
  maxTrials,
  memoryStorage,
  random,
  space,
  type AppendedEvent,
  type Storage,
  type Study,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';

const domain = space({ x: float(0, 1) });

/** The study whose trials are in hand. */
function studyIn(storage: Storage): Promise<Study<{ readonly x: number }, 'loss'>> {
  return createStudy({ name: 'shared', storage, space: domain, objectives: ['minimize loss'], strategy: random() });
}

/** A storage that keeps the batches appended to it. */
function recorded(): { readonly storage: Storage; readonly batches: (readonly AppendedEvent[])[] } {
  const inner = memoryStorage();
  const batches: (readonly AppendedEvent[])[] = [];
  const append: Storage['append'] = (study, events) => {
    batches.push(events);
    return inner.append(study, events);
  };
  return { storage: { ...inner, append }, batches };
}

describe('reports', () => {
  it('are stored together: with the end, or after a while', async () => {
    const { storage, batches } = recorded();
    const study = await studyIn(storage);
    const quick = await study.ask();
    for (let step = 1; step <= 20; step += 1) quick.report(step, { loss: 1 });
    await study.tell(quick, 1);
    expect(batches.map(({ length }) => length)).toEqual([1, 21]);
    const slow = await study.ask();
    for (let step = 1; step <= 20; step += 1) slow.report(step, { loss: 1 });
    while (batches.length < 4) await setTimeout(10);
    expect(batches.slice(2).map(({ length }) => length)).toEqual([1, 20]);
  });

  it('are stored at once with a checkpoint', async () => {
    const { storage, batches } = recorded();
    const study = await studyIn(storage);
    const trial = await study.ask();
    trial.report(1, { loss: 1 });
    await trial.save(1, null);
    expect(batches.at(-1)?.map(({ type }) => type)).toEqual(['report', 'save']);
  });
});

it('a claim that ran out before its config was stored is given up for another', async () => {
  const inner = memoryStorage();
  let late = true;
  const append: Storage['append'] = async (study, events) => {
    if (late) {
      late = false;
      await setTimeout(20);
      expect(await inner.claim(study, { worker: 'other', at: 0 })).toEqual({ number: 0, attempt: 2 });
    }
    await inner.append(study, events);
  };
  const study = await studyIn({ ...inner, append });
  expect((await study.ask({ lease: 1 })).number).toBe(1);
});

it('a run renews its claims while its objective waits', async () => {
  const storage = memoryStorage();
  const study = await studyIn(storage);
  const lost: unknown[] = [];
  await study.run(
    async ({ number }) => {
      await setTimeout(400);
      expect((await storage.claim('shared', { worker: 'other', at: 0 })).number).not.toBe(number);
      return 1;
    },
    { stop: [maxTrials(1)], lease: 200, onEvent: (event) => void (event.type === 'lost' && lost.push(event)) },
  );
  expect(lost).toEqual([]);
  expect(study.trials[0]?.state).toBe('complete');
});

it('without renewing, a run hears that its trial was taken over', async () => {
  const inner = memoryStorage();
  const study = await studyIn({ ...inner, renew: async () => [] });
  const events: string[] = [];
  await study.run(
    async ({ number }) => {
      await setTimeout(40);
      await inner.claim('shared', { worker: 'other', at: 0 });
      return number;
    },
    { stop: [maxTrials(1)], lease: 10, onEvent: ({ type }) => void events.push(type) },
  );
  expect(events).toEqual(['ask', 'lost', 'stop']);
});

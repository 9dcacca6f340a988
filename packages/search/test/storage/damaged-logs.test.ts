import { describe, expect, it } from 'vitest';
import {
  createStudy,
  FormatError,
  int,
  logStorage,
  memoryStorage,
  openStudy,
  space,
  StudyError,
  tpe,
  type LogEntry,
  type Storage,
} from '../../src/index.ts';

/** A storage over entries that come from outside. */
function reading(...entries: readonly unknown[]): Promise<Storage> {
  return logStorage({
    url: 'log:',
    entries: entries as readonly LogEntry[],
    damaged: (index, found) => new FormatError('log:', index + 1, found),
    write: async () => undefined,
    recovery: 'its process ended',
  });
}

async function whole(): Promise<{ readonly create: object; readonly events: readonly object[] }> {
  const storage = memoryStorage();
  const study = await createStudy({
    name: 's',
    storage,
    space: space({ n: int(0, 9) }),
    objectives: ['minimize loss'],
    strategy: tpe(),
  });
  await study.tell(await study.ask(), 1);
  const create = await storage.readStudy('s');
  return { create: create ?? {}, events: (await storage.read('s', 0)).map(({ event }) => event) };
}

const { create, events } = await whole();
const [claim = {}, start = {}, finish = {}] = events;

/** The study, some of its events changed. */
const changed = (...others: readonly unknown[]): Promise<Storage> =>
  reading({ study: 's', create }, { study: 's', revision: 1, events: others });

it('a log as it was written is read', async () => {
  const study = await openStudy({ storage: await changed(...events) });
  expect(study.trials.map(({ state }) => state)).toEqual(['complete']);
});

describe('a log of a wrong shape is refused at once, and names what is wrong', () => {
  it.each<readonly [string, readonly unknown[], string]>([
    ['a number far away', [{ ...claim, number: 2e9 }], "study 's': it tells of trial 2000000000 after -1"],
    ['a trial that begins with its end', [finish], "study 's': it tells of trial 0 after -1"],
    ['a number that is none', [{ ...claim, number: '0' }], '.events[0].number is "0"'],
    ['null', [null], '.events[0] is null'],
    ['a type that every object has', [{ ...claim, type: 'constructor' }], '.events[0].type is "constructor"'],
    ['metrics that are none', [claim, start, { ...finish, metrics: null }], '.events[2].metrics is null'],
    ['a config that is none', [claim, { ...start, config: [] }], '.events[1].config is []'],
    ['a lease that never ends', [{ ...claim, lease: 'long' }], '.events[0].lease is "long"'],
    [
      'a nesting of 8,000',
      [
        claim,
        { ...start, origin: { operator: 'x', deep: JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown } },
      ],
      'is nested deeper than 200 levels',
    ],
  ])('%s', async (_, others, problem) => {
    await expect(changed(...others)).rejects.toThrow(problem);
    await expect(changed(...others)).rejects.toThrow(FormatError);
  });

  it.each<readonly [string, object, string]>([
    ['a seed that is none', { ...create, seed: -1 }, '.create.seed is -1'],
    ['a strategy that is none', { ...create, strategy: null }, '.create.strategy is null'],
    [
      'a nesting of 8,000 beside the options of a strategy',
      {
        ...create,
        strategy: { name: 'random', options: {}, deep: JSON.parse('['.repeat(8000) + ']'.repeat(8000)) as unknown },
      },
      'is nested deeper than 201 levels',
    ],
    ['objectives that are none', { ...create, objectives: { length: 3 } }, '.create.objectives is {"length":3}'],
  ])('%s', async (_, other, problem) => {
    await expect(reading({ study: 's', create: other })).rejects.toThrow(problem);
  });

  it('a study that is created twice', async () => {
    await expect(reading({ study: 's', create }, { study: 's', create })).rejects.toThrow("creates study 's' twice");
  });
});

it('a config that is not one of the space names study and trial', async () => {
  const storage = await changed(claim, { ...start, config: { n: 'x' } }, finish);
  await expect(openStudy({ storage })).rejects.toThrow("study 's', trial 0, cannot be");
  await expect(openStudy({ storage })).rejects.toThrow(FormatError);
});

it('a stored strategy that cannot be is an error of the study, and another may be passed', async () => {
  for (const strategy of [
    { name: 'tpe', options: { initial: 'x' } },
    { name: 'tpe', options: { constructor: 1 } },
    { name: 'population-based-training', options: { population: 4e9 } },
    { name: 'constructor', options: {} },
  ]) {
    const storage = await reading({ study: 's', create: { ...create, strategy } });
    await expect(openStudy({ storage })).rejects.toThrow(StudyError);
    await expect(openStudy({ storage, strategy: tpe() })).resolves.toBeDefined();
  }
});

it('what could not be read again is not stored', async () => {
  const study = await createStudy({
    name: 'kept',
    space: space({ n: int(0, 9) }),
    objectives: ['minimize loss'],
  });
  const trial = await study.ask();
  const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as never;
  expect(() => trial.save(1, deep)).toThrow('save: the data is nested deeper than 200 levels');
  expect(() => trial.report(1, { loss: null as never })).toThrow('report: the metrics .loss is null');
  await study.tell(trial, 1);
  const attributes = { deep };
  const options = { name: 'deep', space: space({ n: int(0, 9) }), objectives: ['minimize loss'], attributes } as const;
  await expect(createStudy(options)).rejects.toThrow(StudyError);
});

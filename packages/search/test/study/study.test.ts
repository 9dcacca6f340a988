import {
  ConfigError,
  ObjectiveError,
  StaleClaimError,
  StudyError,
  TrialFailure,
  TrialPruned,
  choice,
  createStudy,
  float,
  genetic,
  int,
  memoryStorage,
  openStudy,
  random,
  space,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { curveOf } from '../helpers/records.ts';

const domain = space({ x: int(0, 99), kind: choice({ a: { y: float(0, 1) }, b: {} }) });
const options = {
  name: 'study',
  space: domain,
  objectives: ['maximize accuracy'] as const,
  strategy: random(),
  seed: 1,
};

describe('ask and tell', () => {
  it('takes a trial from running to complete', async () => {
    const study = await createStudy(options);
    const trial = await study.ask({ worker: 'me' });
    expect(study.trials).toMatchObject([{ number: 0, state: 'running', worker: 'me', attempt: 1, reports: [] }]);
    trial.report(1, { accuracy: 0.5 });
    trial.report(2, { accuracy: Number.NaN });
    const record = await study.tell(trial, { accuracy: 0.75, seconds: 3 });
    expect(record).toMatchObject({ state: 'complete', metrics: { accuracy: 0.75, seconds: 3 }, config: trial.config });
    expect(curveOf(record)).toEqual([
      { step: 1, metrics: { accuracy: 0.5 } },
      { step: 2, metrics: { accuracy: Number.NaN } },
    ]);
    expect(study.best).toEqual(record);
  });

  it('takes a number for the only objective', async () => {
    const study = await createStudy(options);
    expect((await study.tell(await study.ask(), 0.5)).metrics).toEqual({ accuracy: 0.5 });
  });

  it('tells pruned and failed trials apart, with the kind', async () => {
    const study = await createStudy(options);
    await study.tell(await study.ask(), new TrialPruned());
    await study.tell(await study.ask(), new TrialFailure('timeout', 'took 60 s'));
    await study.tell(await study.ask(), Number.NaN);
    await study.tell(await study.ask(), { accuracy: Infinity });
    expect(study.trials.map(({ state, failure }) => [state, failure?.kind, failure?.message])).toEqual([
      ['pruned', undefined, undefined],
      ['failed', 'timeout', 'took 60 s'],
      ['failed', 'nan', 'accuracy is NaN'],
      ['failed', 'nan', 'accuracy is Infinity'],
    ]);
    expect(study.best).toBeUndefined();
  });

  it('refuses a second tell', async () => {
    const study = await createStudy(options);
    const trial = await study.ask();
    await study.tell(trial, 1);
    await expect(study.tell(trial, 2)).rejects.toThrow(StaleClaimError);
    await expect(study.tell(trial, 2)).rejects.toThrow(
      "study 'study': trial 0, attempt 1, can no longer be written: it is complete: drop this result",
    );
    expect(study.best?.metrics).toEqual({ accuracy: 1 });
  });

  it('refuses a result that is none, and the trial goes on', async () => {
    const study = await createStudy({ ...options, objectives: ['maximize accuracy', 'minimize bytes'] });
    const trial = await study.ask();
    const wrong: readonly (readonly [unknown, string])[] = [
      [0.5, 'tell: got the number 0.5 for several objectives (maximize accuracy, minimize bytes)'],
      [{ accuracy: 1 }, "tell: the result has no 'bytes', only accuracy"],
      [{ accuracy: 1, bytes: '2' }, 'tell: bytes is "2": a metric must be a number'],
      [undefined, 'tell: got undefined: give an object of metrics'],
      ['x'.repeat(100_000), `tell: got "${'x'.repeat(60)}…": give an object of metrics`],
    ];
    for (const [result, message] of wrong) {
      await expect(study.tell(trial, result as never)).rejects.toThrow(ObjectiveError);
      await expect(study.tell(trial, result as never)).rejects.toThrow(message);
    }
    expect((await study.tell(trial, { accuracy: 1, bytes: 2 })).state).toBe('complete');
    expect(() => study.best).toThrow("study 'study': it has 2 objectives, so no single best trial: use front");
  });

  it('refuses a step that is none', async () => {
    const study = await createStudy(options);
    const trial = await study.ask();
    expect(() => trial.report(-1, {})).toThrow('report: the step is -1: give a whole number from 0');
  });

  it('gives a released trial out again, as it was, without its reports', async () => {
    const study = await createStudy(options);
    const first = await study.ask();
    first.report(1, { accuracy: 1 });
    await study.release(first);
    expect(study.trials).toMatchObject([{ state: 'waiting', reports: [] }]);
    const again = await study.ask();
    expect(again).toMatchObject({ number: 0, attempt: 2, config: first.config, seed: first.seed });
    await expect(study.tell(first, 1)).rejects.toThrow('attempt 2 has taken its place');
    expect((await study.tell(again, 1)).state).toBe('complete');
  });

  it('seeds each trial by its number', async () => {
    const seeds = async (): Promise<readonly number[]> => {
      const study = await createStudy(options);
      return [(await study.ask()).seed, (await study.ask()).seed];
    };
    const [a, b] = await seeds();
    expect(a).not.toBe(b);
    expect(await seeds()).toEqual([a, b]);
  });
});

describe('enqueue', () => {
  it('has given configs tried first', async () => {
    const study = await createStudy(options);
    const wanted = { x: 7, kind: { type: 'b' as const } };
    expect(await study.enqueue(wanted, { kind: { type: 'a', y: 0.5 }, x: 8 })).toEqual([0, 1]);
    expect((await study.ask()).config).toEqual(wanted);
    expect((await study.ask()).config).toEqual({ x: 8, kind: { type: 'a', y: 0.5 } });
    expect((await study.ask()).origin.operator).toBe('sample');
    expect(study.trials[0]?.origin).toEqual({ operator: 'enqueued' });
  });

  it('refuses configs that are not in the space', async () => {
    const study = await createStudy(options);
    await expect(study.enqueue({ x: 100, kind: { type: 'b' } })).rejects.toThrow(ConfigError);
    expect(study.trials).toEqual([]);
  });
});

describe('creating and opening', () => {
  it('needs resume for a name that is taken', async () => {
    const storage = memoryStorage();
    await createStudy({ ...options, storage });
    await expect(createStudy({ ...options, storage })).rejects.toThrow(
      "study 'study': memory: holds one of this name: pass resume: true to go on with it, or another name",
    );
    const resumed = await createStudy({ ...options, storage, resume: true });
    expect(resumed.name).toBe('study');
  });

  it('opens from the storage alone', async () => {
    const storage = memoryStorage();
    const strategy = genetic({ population: 7 });
    const study = await createStudy({ ...options, storage, strategy, constraints: ['ms <= 2'] });
    await study.tell(await study.ask(), { accuracy: 1, ms: 1 });
    const opened = await openStudy({ storage });
    expect(opened.criteria).toEqual(study.criteria);
    expect(opened.seed).toBe(1);
    expect(opened.strategy.options).toEqual(strategy.options);
    expect(opened.trials).toEqual(study.trials);
    await createStudy({ ...options, storage, name: 'other' });
    await expect(openStudy({ storage })).rejects.toThrow("memory: holds 'study', 'other': give the name of one");
    expect((await openStudy({ storage, name: 'other' })).name).toBe('other');
    await expect(openStudy({ storage, name: 'none' })).rejects.toThrow(StudyError);
    await expect(openStudy({ storage: memoryStorage() })).rejects.toThrow('holds no study');
  });

  it('refuses to resume with what its trials were not made with', async () => {
    const storage = memoryStorage();
    await createStudy({ ...options, storage });
    const again = { ...options, storage, resume: true };
    await expect(createStudy({ ...again, seed: 2 })).rejects.toThrow(
      "study 'study': seed was 1 and is 2: put it back, or start a study of another name",
    );
    await expect(createStudy({ ...again, objectives: ['minimize loss'] })).rejects.toThrow(
      'objectives was maximize accuracy and is minimize loss',
    );
    const narrower = space({ x: int(0, 9), kind: choice({ a: { y: float(0, 1) }, b: {} }) });
    await expect(createStudy({ ...again, space: narrower })).rejects.toThrow('  x: int(0, 99) → int(0, 9)\n');
  });

  it('resumes with more choices and another strategy, and records both', async () => {
    const storage = memoryStorage();
    const study = await createStudy({ ...options, storage });
    await study.tell(await study.ask(), 1);
    const wider = space({ x: int(0, 200), kind: choice({ a: { y: float(0, 1) }, b: {}, c: {} }) });
    const strategy = genetic({ population: 3 });
    const resumed = await createStudy({ ...options, storage, resume: true, space: wider, strategy });
    await resumed.enqueue({ x: 150, kind: { type: 'c' } });
    expect(resumed.trials).toHaveLength(2);
    const opened = await openStudy({ storage });
    expect(opened.space.toString()).toBe(wider.toString());
    expect(opened.strategy.name).toBe('genetic');
    await expect(createStudy({ ...options, storage, resume: true, strategy })).rejects.toThrow('kind.c');
  });

  it.each([
    [{ ...options, objectives: [] }, 'it has no objectives'],
    [{ ...options, objectives: ['maximize a', 'minimize a'] }, "'a' is an objective twice"],
    [{ ...options, seed: -1 }, 'its seed is -1: give a whole number from 0'],
    [{ ...options, name: '' }, 'it has no name'],
    [
      { ...options, storage: 'runs/x.jsonl' },
      'storage runs/x.jsonl: this is not a URL: write memory: or journal:runs/x.jsonl',
    ],
  ])('refuses %#', async (wrong, message) => {
    await expect(createStudy(wrong)).rejects.toThrow(message);
  });

  it('does nothing more once closed', async () => {
    const study = await createStudy(options);
    await study.close();
    await study.close();
    await expect(study.ask()).rejects.toThrow("study 'study': it was closed: open it again with resume: true");
  });
});

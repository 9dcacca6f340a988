import {
  createStudy,
  defineEarlyStopping,
  defineStrategy,
  int,
  maxTrials,
  memoryStorage,
  openStudy,
  PendingError,
  random,
  replay,
  space,
  StaleClaimError,
  StudyError,
  TrialPruned,
  type Storage,
  type StudyOptions,
  type Trial,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { curveOf } from '../helpers/records.ts';

const domain = space({ x: int(0, 99) });
const one = { origin: { operator: 'sample' } } as const;

/** Trains two configs for 2 steps each, then the better for 4, then a clone of it for 6, and then is through. */
const halving = defineStrategy({
  name: 'test-halving',
  defaults: {},
  decide: ({ space: configs, history, random: stream }) => {
    const { trials } = history;
    if (trials.length < 2)
      return { type: 'try', config: configs.sample(stream), ...one, budget: { step: 2, last: false } };
    if (trials.some(({ state }) => state === 'running')) return { type: 'wait', reason: 'the rung is not complete' };
    const [best] = trials.toSorted((a, b) => (a.metrics['loss'] ?? 0) - (b.metrics['loss'] ?? 0));
    const promoted = trials.find(({ budget }) => budget?.step === 4);
    if (promoted === undefined) return { type: 'resume', trial: best?.number ?? 0, budget: { step: 4, last: false } };
    if (trials.length === 2) {
      const config = configs.build((_path, parameter) => (parameter.kind === 'int' ? 50 : 0));
      return { type: 'try', config, ...one, budget: { step: 6, last: true }, inherits: promoted.number };
    }
    return { type: 'exhausted', reason: 'the last rung is complete' };
  },
});

/** What a trial did: from which step to which. */
interface Stint {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

function train(stints: Stint[]): (trial: Trial<{ x: number }>) => Promise<number> {
  return async (trial) => {
    const from = trial.checkpoint?.step ?? 0;
    let sum = Number(trial.checkpoint?.data ?? 0);
    const to = trial.budget ?? 3;
    for (let step = from + 1; step <= to; step += 1) {
      sum += trial.config.x;
      trial.report(step, { loss: trial.config.x / step });
      await trial.save(step, sum);
    }
    stints.push({ number: trial.number, from, to });
    return trial.config.x / to;
  };
}

/** Trains one config for 2 steps, then a clone of it for 4, and then the first one for 6. */
const cloning = defineStrategy({
  name: 'test-cloning',
  defaults: {},
  decide: ({ space: configs, history: { trials }, random: stream }) => {
    const config = configs.sample(stream);
    if (trials.length === 0) return { type: 'try', config, ...one, budget: { step: 2, last: false } };
    if (trials.length === 1) return { type: 'try', config, ...one, budget: { step: 4, last: true }, inherits: 0 };
    return { type: 'resume', trial: 0, budget: { step: 6, last: true } };
  },
});

describe('trials with budgets', () => {
  it('the one that has trained longest leads while none is complete', async () => {
    const study = await createStudy({ name: 's', space: domain, objectives: ['minimize loss'], strategy: halving() });
    expect(study.leading).toBeUndefined();
    await study.run(train([]), { stop: [maxTrials(2)] });
    expect(study.best).toBeUndefined();
    const better = (study.trials[0]?.config.x ?? 0) <= (study.trials[1]?.config.x ?? 0) ? 0 : 1;
    expect(study.leading?.number).toBe(better);
    const trial = await study.ask();
    expect(trial.number).toBe(better);
    await study.tell(trial, 1000);
    expect(study.leading?.number).toBe(better);
  });

  it('a clone begins where the other was when it was made, whoever has it later', async () => {
    const stints: Stint[] = [];
    const study = await createStudy({ name: 's', space: domain, objectives: ['minimize loss'], strategy: cloning() });
    const objective = train(stints);
    const first = await study.ask();
    await study.tell(first, await objective(first));
    const released = await study.ask();
    const resumed = await study.ask();
    await study.tell(resumed, await objective(resumed));
    await study.release(released);
    const again = await study.ask();
    await objective(again);
    expect(stints).toEqual([
      { number: 0, from: 0, to: 2 },
      { number: 0, from: 2, to: 6 },
      { number: 1, from: 2, to: 4 },
    ]);
  });

  it.each([1, 4])('pause, go on and are cloned, with %d workers', async (workers) => {
    const stints: Stint[] = [];
    const study = await createStudy({ name: 's', space: domain, objectives: ['minimize loss'], strategy: halving() });
    const { stopped, counts } = await study.run(train(stints), { workers });
    expect(stopped).toEqual({ by: 'exhausted', message: 'the last rung is complete' });
    expect(counts).toEqual({ waiting: 0, running: 0, paused: 2, complete: 1, pruned: 0, failed: 0 });
    expect(study.leading).toBe(study.best);
    const better = (study.trials[0]?.config.x ?? 0) <= (study.trials[1]?.config.x ?? 0) ? 0 : 1;
    expect(stints.slice(0, 2).toSorted((a, b) => a.number - b.number)).toEqual([
      { number: 0, from: 0, to: 2 },
      { number: 1, from: 0, to: 2 },
    ]);
    expect(stints.slice(2)).toEqual([
      { number: better, from: 2, to: 4 },
      { number: 2, from: 4, to: 6 },
    ]);
    const winner = study.trials[better];
    expect(winner?.reports.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(winner).toMatchObject({ attempt: 2, budget: { step: 4, last: false }, checkpoint: { step: 4 } });
    expect(study.trials[2]).toMatchObject({
      inherits: better,
      checkpoint: { step: 6, data: 4 * (winner?.config.x ?? 0) + 100 },
    });
    expect(await replay(study)).toEqual({ checked: 4, differences: [] });
  });

  it('a worker whose strategy waits asks again once something was told, not all the time', async () => {
    const waiting = defineStrategy({
      name: 'waits for the first',
      defaults: {},
      decide: ({ history: { running }, number }) =>
        number > 0 && running.length > 0
          ? { type: 'wait', reason: 'the first is running' }
          : { type: 'try', config: { x: number }, origin: { operator: 'try' } },
    });
    const study = await createStudy({ name: 'w', space: domain, objectives: ['minimize loss'], strategy: waiting() });
    const slow = async (): Promise<number> => {
      await new Promise((resolve) => void setTimeout(resolve, 900));
      return 1;
    };
    await study.run(slow, { workers: 2, stop: [maxTrials(2)] });
    const events = await study.storage.read('w', 0);
    expect(events.filter(({ event }) => event.type === 'release').length).toBeLessThanOrEqual(1);
  });

  it('a run says when the strategy waits for nothing', async () => {
    const waiting = defineStrategy({
      name: 'waits',
      defaults: {},
      decide: () => ({ type: 'wait', reason: 'no reason' }),
    });
    const study = await createStudy({ name: 'w', space: domain, objectives: ['minimize loss'], strategy: waiting() });
    const { stopped } = await study.run(() => 1, { stop: [maxTrials(3)] });
    expect(stopped).toEqual({ by: 'stalled', message: 'the strategy waits although no trial is running: no reason' });
    await expect(study.ask()).rejects.toThrow(PendingError);
    expect(study.trials).toEqual([]);
  });

  it('a trial whose worker gave it up goes on from its checkpoint', async () => {
    const study = await createStudy({ name: 'r', space: domain, objectives: ['minimize loss'], strategy: random() });
    const first = await study.ask();
    first.report(1, { loss: 3 });
    await first.save(1, { file: 'weights-1' });
    first.report(2, { loss: 2 });
    await study.release(first, 'Ctrl-C');
    const again = await study.ask();
    expect(again.number).toBe(first.number);
    expect(again.attempt).toBe(2);
    expect(again.checkpoint).toEqual({ step: 1, data: { file: 'weights-1' } });
    expect(curveOf(study.trials[0])).toEqual([{ step: 1, metrics: { loss: 3 } }]);
    await expect(first.save(3, null)).rejects.toThrow(StaleClaimError);
    expect(() => again.report(1.5, {})).toThrow(RangeError);
    expect(() => again.save(-1, {})).toThrow(RangeError);
  });

  it('metrics of one step add up, and an earlier step begins the curve again', async () => {
    const study = await createStudy({ name: 'c', space: domain, objectives: ['minimize loss'] });
    const trial = await study.ask();
    for (const [step, metrics] of [
      [1, { loss: 9 }],
      [2, { loss: 8 }],
      [2, { accuracy: 1 }],
      [3, { loss: 7 }],
      [2, { loss: 5 }],
    ] as const) {
      trial.report(step, metrics);
    }
    await study.tell(trial, 1);
    expect(curveOf(study.trials[0])).toEqual([
      { step: 1, metrics: { loss: 9 } },
      { step: 2, metrics: { loss: 5 } },
    ]);
  });
});

const impatient = defineEarlyStopping({
  name: 'impatient',
  defaults: { loss: 50 },
  advise: ({ trial }, { loss }) => {
    const found = trial.reports.at(-1)?.metrics['loss'] ?? 0;
    return { stop: found > loss, reason: `loss ${found}` };
  },
});

describe('early stopping', () => {
  const objective = async (trial: Trial<{ x: number }>): Promise<number> => {
    trial.report(1, { loss: trial.config.x });
    if (await trial.shouldStop()) throw new TrialPruned();
    return trial.config.x;
  };

  it('ends trials that it advises against', async () => {
    const study = await createStudy({
      name: 'e',
      space: domain,
      objectives: ['minimize loss'],
      strategy: random(),
      earlyStopping: impatient({ loss: 40 }),
    });
    await study.run(objective, { stop: [maxTrials(40)], workers: 3 });
    for (const { state, config } of study.trials) expect(state).toBe(config.x > 40 ? 'pruned' : 'complete');
    expect(new Set(study.trials.map(({ state }) => state)).size).toBe(2);
  });

  it('is stored with the study, and can be changed or dropped', async () => {
    const storage = memoryStorage();
    const options = { name: 'e', space: domain, objectives: ['minimize loss'], storage, resume: true } as const;
    await createStudy({ ...options, earlyStopping: impatient() });
    await expect(openStudy({ storage })).rejects.toThrow(/its earlyStopping 'impatient' is not among/u);
    const study = await openStudy({ storage, earlyStopping: impatient({ loss: 0 }) });
    expect(study.earlyStopping?.options).toEqual({ loss: 0 });
    await createStudy(options);
    expect((await openStudy({ storage })).earlyStopping).toBeUndefined();
    const amendments = (await storage.read('e', 0)).map(({ event }) => 'earlyStopping' in event && event.earlyStopping);
    expect(amendments).toEqual([{ name: 'impatient', options: { loss: 0 } }, null]);
  });

  it('without one nothing is stopped', async () => {
    const study = await createStudy({ name: 'n', space: domain, objectives: ['minimize loss'] });
    expect(await (await study.ask()).shouldStop()).toBe(false);
  });
});

describe('duplicates', () => {
  const tiny = space({ x: int(0, 2) });
  const open = (duplicates: NonNullable<StudyOptions['duplicates']>, storage?: Storage) =>
    createStudy({
      name: duplicates,
      space: tiny,
      objectives: ['minimize loss'],
      strategy: random(),
      duplicates,
      resume: true,
      ...(storage && { storage }),
    });

  it('are avoided by default, so that a finite space runs out', async () => {
    const study = await open('avoid');
    const { stopped, counts } = await study.run(({ config }) => config.x, {});
    expect([stopped.by, counts.complete]).toEqual(['exhausted', 3]);
  });

  it('take over the earlier result, and tell of it', async () => {
    const study = await open('reuse');
    let runs = 0;
    const { stopped } = await study.run(({ config }) => ((runs += 1), config.x), {});
    expect(runs).toBe(3);
    expect(stopped.message).toBe('100 configs in a row were tried before');
    const reused = study.trials.filter(({ origin }) => 'reuses' in origin);
    expect(reused.length).toBeGreaterThanOrEqual(100);
    for (const { metrics, config, state } of reused) expect([state, metrics]).toEqual(['complete', { loss: config.x }]);
    expect((await replay(study)).differences).toEqual([]);
  });

  it('are tried again with another seed', async () => {
    const study = await open('repeat');
    const seeds = new Set<number>();
    await study.run(({ config, seed }) => (seeds.add(seed), config.x), { stop: [maxTrials(12)] });
    expect(seeds.size).toBe(12);
  });

  it('the policy of a study cannot be changed', async () => {
    const storage = memoryStorage();
    await open('repeat', storage);
    const other = createStudy({ name: 'repeat', space: tiny, objectives: ['minimize loss'], storage, resume: true });
    await expect(other).rejects.toThrow(StudyError);
    await expect(other).rejects.toThrow(/duplicates was repeat and is avoid/u);
  });
});

describe('time and memory', () => {
  const study = () => createStudy({ name: 't', space: domain, objectives: ['minimize loss'], strategy: random() });

  it('a trial that takes too long fails, and is told to end', async () => {
    let resolve: (value: boolean) => void = () => undefined;
    const ended = new Promise<boolean>((done) => (resolve = done));
    const slow = await study();
    await slow.run(
      async (trial) => {
        if (trial.number > 0) return 1;
        let go: (value: number) => void = () => undefined;
        const later = new Promise<number>((done) => (go = done));
        const look = async (): Promise<void> => {
          if (!(await trial.shouldStop())) setTimeout(() => void look(), 5);
          else {
            resolve(true);
            go(0);
          }
        };
        void look();
        return later;
      },
      { stop: [maxTrials(2)], timeout: 0.05 },
    );
    expect(await ended).toBe(true);
    expect(slow.trials[0]).toMatchObject({ state: 'failed', failure: { kind: 'timeout' } });
    expect(slow.trials[1]?.state).toBe('complete');
  });

  it('a training that diverged failed by NaN', async () => {
    const diverging = await study();
    await diverging.run(
      () => {
        throw Object.assign(new Error('fit: the loss is NaN from step 3 on'), { name: 'DivergenceError' });
      },
      { stop: [maxTrials(1)] },
    );
    expect(diverging.trials[0]?.failure?.kind).toBe('nan');
    expect(diverging.trials[0]?.failure?.message).toContain('NaN from step 3');
  });

  it('running out of memory is a kind of its own', async () => {
    const large = await study();
    await large.run(
      ({ number }) => {
        if (number === 0) throw new RangeError('Array buffer allocation failed');
        if (number === 1) return new Float64Array(2 ** 52).length;
        throw new RangeError('the step is 0.5');
      },
      { stop: [maxTrials(3)] },
    );
    expect(large.trials.map(({ failure }) => failure?.kind)).toEqual(['memory', 'memory', 'crash']);
  });
});

describe('the metrics told at a pause', () => {
  const pausedAfter = async (reports: readonly (readonly [number, number])[]) => {
    const study = await createStudy({
      name: 'curve',
      space: domain,
      objectives: ['minimize loss'],
      strategy: halving(),
    });
    const trial = await study.ask();
    for (const [step, loss] of reports) trial.report(step, { loss, rate: step });
    return curveOf(await study.tell(trial, { loss: 7 }));
  };

  it('are a point of the learning curve, at the step of the budget', async () => {
    expect(await pausedAfter([])).toEqual([{ step: 2, metrics: { loss: 7 } }]);
    expect(await pausedAfter([[1, 9]])).toEqual([
      { step: 1, metrics: { loss: 9, rate: 1 } },
      { step: 2, metrics: { loss: 7 } },
    ]);
  });

  it('add to what was reported there', async () => {
    expect(await pausedAfter([[2, 8]])).toEqual([{ step: 2, metrics: { loss: 7, rate: 2 } }]);
  });

  it('do not cut off what was reported later', async () => {
    expect(await pausedAfter([[5, 3]])).toEqual([{ step: 5, metrics: { loss: 3, rate: 5 } }]);
  });

  it('stay when the trial goes on', async () => {
    const study = await createStudy({
      name: 'curve',
      space: domain,
      objectives: ['minimize loss'],
      strategy: halving(),
    });
    for (const loss of [1, 2]) await study.tell(await study.ask(), { loss });
    const resumed = await study.ask();
    expect(study.trials[resumed.number]).toMatchObject({ metrics: {}, reports: [{ step: 2, metrics: { loss: 1 } }] });
  });
});

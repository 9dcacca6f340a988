import {
  StudyError,
  TrialFailure,
  TrialPruned,
  createStudy,
  float,
  int,
  maxTrials,
  memoryStorage,
  random,
  space,
  type RunEvent,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';

const domain = space({ x: int(0, 999) });
const options = { name: 'run', space: domain, objectives: ['minimize loss'] as const, strategy: random(), seed: 1 };

describe('run', () => {
  it('keeps as many trials in hand as it has workers', async () => {
    const study = await createStudy(options);
    let inHand = 0;
    let most = 0;
    await study.run(
      async () => {
        inHand += 1;
        most = Math.max(most, inHand);
        for (let tick = 0; tick < 50; tick += 1) await Promise.resolve();
        inHand -= 1;
        return 1;
      },
      { stop: [maxTrials(20)], workers: 3 },
    );
    expect(most).toBe(3);
  });

  it('tells everything that happens, in order', async () => {
    const study = await createStudy(options);
    const events: RunEvent[] = [];
    await study.run(
      (trial) => {
        trial.report(0, { loss: 9 });
        return trial.number === 1 ? 0 : trial.number + 5;
      },
      { stop: [maxTrials(3)], onEvent: (event) => events.push(event) },
    );
    const each = 'ask report tell';
    expect(events.map(({ type }) => type).join(' ')).toBe(`${each} ${each} ${each} stop`);
    expect(events.flatMap((event) => (event.type === 'tell' ? event.improved : []))).toEqual([true, true, false]);
    expect(events.at(-1)).toEqual({ type: 'stop', stopped: { by: 'maxTrials(3)', message: '3 of 3 trials' } });
  });

  it('records what an objective throws, and goes on', async () => {
    const study = await createStudy(options);
    const result = await study.run(
      ({ number }) => {
        if (number === 0) throw new TypeError('x is not a function');
        if (number === 1) throw new TrialPruned('hopeless');
        if (number === 2) throw new TrialFailure('memory', '3 GB');
        return number;
      },
      { stop: [maxTrials(4)] },
    );
    expect(study.trials.map(({ failure }) => failure)).toEqual([
      { kind: 'crash', message: 'TypeError: x is not a function' },
      undefined,
      { kind: 'memory', message: '3 GB' },
      undefined,
    ]);
    expect(result.counts).toEqual({ waiting: 0, running: 0, paused: 0, complete: 1, pruned: 1, failed: 2 });
    expect(result.best?.number).toBe(3);
  });

  it('ends at once when the objective answers with something else, once those in hand are done', async () => {
    const study = await createStudy(options);
    const wrong = study.run(({ number }) => (number === 2 ? ({} as never) : 1), { stop: [maxTrials(50)], workers: 2 });
    await expect(wrong).rejects.toThrow("tell: the result has no 'loss'");
    expect(study.trials.length).toBeLessThan(6);
    expect(study.trials[2]?.failure?.kind).toBe('invalid');
    expect(study.trials.some(({ state }) => state === 'running')).toBe(false);
  });

  it('ends when a listener throws', async () => {
    const study = await createStudy(options);
    const run = study.run(() => 1, {
      stop: [maxTrials(9)],
      onEvent: () => {
        throw new Error('broken pipe');
      },
    });
    await expect(run).rejects.toThrow('broken pipe');
  });

  it('stops when told to, and can go on', async () => {
    const study = await createStudy(options);
    const abort = new AbortController();
    const result = await study.run(
      ({ number }) => {
        if (number === 4) abort.abort();
        return number;
      },
      { stop: [maxTrials(20)], signal: abort.signal },
    );
    expect(result.stopped.by).toBe('aborted');
    expect(study.trials).toHaveLength(5);
    await study.run(() => 1, { stop: [maxTrials(20)] });
    expect(study.trials).toHaveLength(20);
  });

  it('refuses to run for ever', async () => {
    const study = await createStudy({ ...options, space: space({ x: float(0, 1) }) });
    await expect(study.run(() => 1, { stop: [] })).rejects.toThrow(StudyError);
    await expect(study.run(() => 1, { stop: [maxTrials(1)], workers: 0 })).rejects.toThrow('run: workers is 0');
  });

  it('drops a result whose trial another worker has taken over', async () => {
    const storage = memoryStorage();
    const study = await createStudy({ ...options, storage });
    const events: string[] = [];
    let released = false;
    await study.run(
      async (trial) => {
        if (released || trial.number !== 1) return 1;
        released = true;
        const { number, attempt } = trial;
        await storage.append('run', [{ type: 'release', number, attempt, at: 0, reason: 'lease over' }]);
        return 2;
      },
      { stop: [maxTrials(3)], onEvent: ({ type }) => events.push(type) },
    );
    expect(events.filter((type) => type === 'lost')).toHaveLength(1);
    expect(study.trials.map(({ attempt, metrics }) => [attempt, metrics['loss']])).toEqual([
      [1, 1],
      [2, 1],
      [1, 1],
    ]);
  });

  it('shares a study between two handles', async () => {
    const storage = memoryStorage();
    const first = await createStudy({ ...options, storage });
    const second = await createStudy({ ...options, storage, resume: true });
    await Promise.all([first, second].map((study) => study.run(() => 1, { stop: [maxTrials(30)], workers: 2 })));
    await Promise.all([first.sync(), second.sync()]);
    expect(first.trials).toEqual(second.trials);
    expect(first.trials.map(({ number }) => number)).toEqual(first.trials.map((_, index) => index));
    expect(first.trials.every(({ attempt, state }) => attempt === 1 && state === 'complete')).toBe(true);
    expect(first.trials.length).toBeGreaterThanOrEqual(30);
  });
});

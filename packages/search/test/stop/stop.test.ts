import {
  all,
  any,
  createStudy,
  defineStrategy,
  exhausted,
  int,
  maxCost,
  maxFailures,
  maxTime,
  maxTrials,
  memoryStorage,
  patience,
  plateau,
  random,
  space,
  target,
  TrialPruned,
  type StopCondition,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';

const domain = space({ x: int(0, 1000) });

/** A study whose clock goes on by a second with every trial, and whose trial n has loss `losses[n]`. */
async function runWith(stop: readonly StopCondition[], losses: (number: number) => number, workers = 1) {
  let clock = 0;
  const study = await createStudy({
    name: 'stop',
    space: domain,
    objectives: ['minimize loss'],
    strategy: random(),
    now: () => clock,
  });
  const result = await study.run(
    ({ number }) => {
      clock += 1000;
      return losses(number);
    },
    { stop, workers },
  );
  return { study, result, trials: study.trials.length };
}

/** What a text of JSON may stand for instead of a number: so deep that it has no text. */
const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], []) as number;

describe('each condition', () => {
  it.each([1, 2, 3, 8])('maxTrials starts no trial too many with %d workers', async (workers) => {
    const { result, trials } = await runWith([maxTrials(10)], () => 1, workers);
    expect(trials).toBe(10);
    expect(result.stopped).toEqual({ by: 'maxTrials(10)', message: '10 of 10 trials' });
    expect(result.counts).toEqual({ waiting: 0, running: 0, paused: 0, complete: 10, pruned: 0, failed: 0 });
  });

  it('maxTrials counts the trials of earlier runs', async () => {
    const storage = memoryStorage();
    const options = { name: 's', storage, space: domain, objectives: ['minimize loss'] as const, resume: true };
    const first = await createStudy(options);
    await first.run(() => 1, { stop: [maxTrials(4)] });
    const second = await createStudy(options);
    await second.run(() => 1, { stop: [maxTrials(6)] });
    expect(second.trials).toHaveLength(6);
    await second.run(() => 1, { stop: [maxTrials(6)] });
    expect(second.trials).toHaveLength(6);
  });

  it('maxTime counts the seconds of the run', async () => {
    const { result, trials } = await runWith([maxTime(5)], () => 1);
    expect(trials).toBe(5);
    expect(result.stopped).toEqual({ by: 'maxTime(5)', message: '5.0 of 5 seconds' });
    expect(result.elapsed).toBe(5);
  });

  it('target stops at the first trial that reaches it', async () => {
    const { result, trials } = await runWith([target('loss <= 3')], (number) => 10 - number);
    expect(trials).toBe(8);
    expect(result.stopped).toEqual({ by: "target('loss <= 3')", message: 'trial 7 has loss 3' });
  });

  it('patience counts the trials since the best', async () => {
    const losses = [5, 6, 4, 4, 9, 8, 7, 1];
    const { result, trials } = await runWith([patience(4)], (number) => losses[number] ?? 0);
    expect(trials).toBe(7);
    expect(result.stopped).toEqual({ by: 'patience(4)', message: '4 of 4 trials without improvement' });
  });

  it('patience counts failures', async () => {
    const { trials } = await runWith([patience(3)], (number) => (number === 0 ? 1 : Number.NaN));
    expect(trials).toBe(4);
  });

  it('maxFailures counts failures in a row, and tells of the last', async () => {
    const { result, trials } = await runWith([maxFailures(3)], (number) => (number === 2 ? 1 : Number.NaN));
    expect(trials).toBe(6);
    expect(result.stopped.message).toBe('3 of 3 failures in a row, the last by nan: loss is NaN');
  });

  it('maxCost counts the seconds of all trials', async () => {
    const { result, trials } = await runWith([maxCost(4)], () => Number.NaN);
    expect(trials).toBe(4);
    expect(result.stopped).toEqual({ by: 'maxCost(4)', message: '4 of 4 seconds' });
  });

  it('maxCost adds up a metric', async () => {
    const study = await createStudy({ name: 'c', space: domain, objectives: ['minimize loss'], strategy: random() });
    const { stopped } = await study.run(({ number }) => ({ loss: 1, flops: number }), { stop: [maxCost(10, 'flops')] });
    expect(stopped).toEqual({ by: "maxCost(10, 'flops')", message: '10 of 10 flops' });
    expect(study.trials).toHaveLength(5);
  });

  it('plateau forgives small improvements', async () => {
    const losses = [9, 5, 4.95, 4.9, 4.88, 1];
    const { result, trials } = await runWith([plateau(3, 0.2)], (number) => losses[number] ?? 0);
    expect(trials).toBe(5);
    expect(result.stopped.message).toBe('0.12 gained in 3 trials, where 0.2 is little');
  });

  it('plateau of several objectives looks at the hypervolume', async () => {
    const fronts = [
      [0, 4],
      [4, 0],
      [1, 1],
      [2, 2],
      [3, 3],
      [0, 0],
    ];
    const study = await createStudy({
      name: 'hv',
      space: domain,
      objectives: ['minimize a', 'minimize b'],
      strategy: random(),
    });
    const { stopped } = await study.run(
      ({ number }) => ({ a: fronts[number]?.[0] ?? 0, b: fronts[number]?.[1] ?? 0 }),
      { stop: [plateau(2, 0)] },
    );
    expect(stopped.by).toBe('plateau(2, 0)');
    expect(study.trials).toHaveLength(5);
  });

  it.each([['minimize a'], ['minimize a', 'minimize b']])(
    'plateau fires when nothing succeeds: %s',
    async (...names) => {
      const study = await createStudy({ name: 'hopeless', space: domain, objectives: names, strategy: random() });
      const { stopped } = await study.run(
        () => {
          throw new Error('no such file');
        },
        { stop: [plateau(5, 0.1)] },
      );
      expect(stopped).toEqual({ by: 'plateau(5, 0.1)', message: '0 gained in 5 trials, where 0.1 is little' });
      expect(study.trials).toHaveLength(6);
    },
  );

  it('maxTrials does not count what earlier results answer', async () => {
    const study = await createStudy({
      name: 'answered',
      space: space({ x: int(1, 4) }),
      objectives: ['minimize loss'],
      strategy: defineStrategy({
        name: 'in-pairs',
        defaults: {},
        decide: ({ number }) => ({ type: 'try', config: { x: 1 + (number >> 1) }, origin: { operator: 'count' } }),
      })(),
      duplicates: 'reuse',
    });
    let tried = 0;
    const { stopped } = await study.run(() => (tried += 1), { stop: [maxTrials(3)] });
    expect(tried).toBe(3);
    expect(stopped.message).toBe('3 of 3 trials');
  });

  it('maxCost counts what pruned trials have reported', async () => {
    const study = await createStudy({
      name: 'flops',
      space: domain,
      objectives: ['minimize loss'],
      strategy: random(),
    });
    const { stopped } = await study.run(
      (trial) => {
        trial.report(1, { loss: 1, flops: 10 });
        throw new TrialPruned();
      },
      { stop: [maxCost(40, 'flops')] },
    );
    expect(stopped.message).toBe('40 of 40 flops');
    expect(study.trials).toHaveLength(4);
  });

  it('exhausted never fires in an infinite space, and waits for what is queued', async () => {
    const small = space({ x: int(1, 3) });
    const study = await createStudy({ name: 'x', space: small, objectives: ['minimize loss'] });
    await study.enqueue({ x: 1 }, { x: 1 }, { x: 2 }, { x: 3 });
    const result = await study.run(({ config }) => config.x, { stop: [exhausted()] });
    expect(result.stopped.by).toBe('exhausted()');
    expect(result.counts.complete).toBe(4);
  });

  it.each([
    [() => maxTrials(0), 'maxTrials: got 0: give a positive whole number'],
    [() => patience(1.5), 'patience: got 1.5: give a positive whole number'],
    [() => maxTime(-1), 'maxTime: got -1: give a positive number'],
    [() => target('loss < 3'), "constraint: cannot read 'loss < 3'"],
    [() => maxFailures(0), 'maxFailures: got 0'],
    [() => maxCost(-1), 'maxCost: got -1'],
    [() => plateau(2, -1), 'plateau: epsilon is -1'],
    [() => maxTrials(deep), 'maxTrials: got [[[[…]]]]: give a positive whole number'],
    [() => maxCost(deep), 'maxCost: got [[[[…]]]]'],
    [() => any(), 'any: got no conditions: give at least one'],
  ])('%s is refused', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('conditions compose', () => {
  it('several: the first that fires is named', async () => {
    const { result, trials } = await runWith([maxTrials(9), patience(3)], () => 1);
    expect(trials).toBe(4);
    expect(result.stopped.by).toBe('patience(3)');
  });

  it('any: fires with one', async () => {
    const { result } = await runWith([any(maxTrials(9), maxTime(3))], () => 1);
    expect(result.stopped).toEqual({ by: 'any(maxTrials(9), maxTime(3))', message: '3.0 of 3 seconds' });
  });

  it('all: fires with the last', async () => {
    const { result, trials } = await runWith([all(maxTrials(9), maxTime(3))], () => 1);
    expect(trials).toBe(9);
    expect(result.stopped.message).toBe('9 of 9 trials, and 9.0 of 3 seconds');
  });

  it('a condition of the user is one like any other', async () => {
    const seven: StopCondition = {
      name: 'seven',
      check: ({ history }) => {
        const found = history.finished.some(({ metrics }) => metrics['loss'] === 7);
        return { fired: found, progress: found ? 1 : 0, message: 'a loss of 7' };
      },
    };
    const { result, trials } = await runWith([seven], (number) => number);
    expect(trials).toBe(8);
    expect(result.stopped.by).toBe('seven');
  });

  it('progress grows to 1, and events tell it', async () => {
    const study = await createStudy({ name: 'p', space: domain, objectives: ['minimize loss'] });
    const progress: number[] = [];
    await study.run(() => 1, {
      stop: [any(maxTrials(4), patience(100))],
      onEvent: (event) => event.type === 'tell' && progress.push(event.verdicts[0]?.progress ?? -1),
    });
    expect(progress).toEqual([0.25, 0.5, 0.75, 1]);
  });
});

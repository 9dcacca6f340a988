import { describe, expect, test } from 'vitest';
import { budgetLoop, type Attempt, type BudgetOptions, type BudgetState } from '../../src/index.ts';

interface Made extends Attempt {
  readonly knob: number;
}

/** Accuracy that is flat at first and then falls; bytes that fall evenly. */
const curve = (knob: number): Made => ({ knob, quality: 0.98 - 0.4 * knob ** 8, costs: { bytes: 1000 * (1 - knob) } });

const options: BudgetOptions<Made> = {
  range: { low: 0, high: 0.99, resolution: 0.01, start: 0.9 },
  floor: 0.97,
  maxTrials: 20,
  attempt: (knob) => Promise.resolve(curve(knob)),
};
// 0.4 k⁸ = 0.01
const edge = (0.01 / 0.4) ** (1 / 8);

describe('budgetLoop', () => {
  test('finds the largest knob that keeps the floor', async () => {
    const { stop, reason, best, front, state } = await budgetLoop(options);
    expect(stop).toBe('narrowed');
    expect(reason).toMatch(/^0\.6\d+ is the largest value known to keep the floor/);
    expect(best.trial.knob).toBeLessThanOrEqual(edge);
    expect(best.trial.knob).toBeGreaterThan(edge - 0.0101);
    expect(best.attempt.knob).toBe(best.trial.knob);
    // Every trial of a monotone curve is on its front.
    expect(front).toHaveLength(state.trials.length);
  });

  test('ends as soon as floor and limits are kept', async () => {
    const { stop, best, state } = await budgetLoop({
      ...options,
      limits: { bytes: 600 },
      range: { ...options.range, start: 0.5 },
    });
    expect(stop).toBe('met');
    expect(state.trials).toHaveLength(1);
    expect(best.trial.brokenLimits).toEqual([]);
  });

  test('says which limit stayed out of reach, and still gives the best', async () => {
    const { stop, reason, best } = await budgetLoop({ ...options, limits: { bytes: 100 } });
    expect(stop).toBe('narrowed');
    expect(reason).toMatch(/; bytes stayed above the limit$/);
    expect(best.trial.margin).toBeGreaterThanOrEqual(0);
    expect(best.trial.knob).toBeGreaterThan(edge - 0.0101);
  });

  test('gives the model of the highest quality when none keeps the floor', async () => {
    const { stop, reason, best } = await budgetLoop({ ...options, floor: 0.99 });
    expect(stop).toBe('infeasible');
    expect(reason).toMatch(/even the lowest value breaks the floor; no trial kept the floor/);
    expect(best.trial.knob).toBe(0);
  });

  test('stops by trials, time and signal, with the best so far', async () => {
    expect((await budgetLoop({ ...options, maxTrials: 2 })).stop).toBe('max-trials');
    let time = 0;
    const slow = {
      ...options,
      now: () => time,
      maxMinutes: 1,
      attempt: (knob: number) => ((time += 40_000), Promise.resolve(curve(knob))),
    };
    const late = await budgetLoop(slow);
    expect([late.stop, late.state.trials.length]).toEqual(['max-time', 2]);
    const signal = { aborted: false };
    const cut = await budgetLoop({ ...options, signal, onTrial: () => void (signal.aborted = true) });
    expect([cut.stop, cut.state.trials.length]).toEqual(['aborted', 1]);
    expect(cut.best.trial.knob).toBe(0.9);
  });

  test('goes on from its state as if it had never stopped', async () => {
    const whole = await budgetLoop(options);
    const states: BudgetState[] = [];
    await budgetLoop({ ...options, onTrial: (_, state) => void states.push(state) });
    for (const state of states) {
      const read = JSON.parse(JSON.stringify(state)) as BudgetState;
      const again = await budgetLoop({ ...options, state: read });
      expect(again.state).toEqual(whole.state);
      expect(again.best).toEqual(whole.best);
    }
  });

  test('a state of another search is refused', async () => {
    const { state } = await budgetLoop({ ...options, maxTrials: 1 });
    await expect(budgetLoop({ ...options, state, floor: 0.5 })).rejects.toThrow(/belongs to another search/);
  });
});

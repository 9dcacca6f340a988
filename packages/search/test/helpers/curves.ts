import {
  choice,
  createStudy,
  float,
  space,
  type ConfigObject,
  type Space,
  type Strategy,
  type Study,
  type Trial,
} from '@espalier/search';
import { virtualClock, type SimulatedStep, type VirtualClock } from '@espalier/testing/search';

/**
 * Counting Ones, as in the papers of BOHB and DEHB: how far from all ones, where a continuous parameter counts as the
 * share of ones in as many coin throws as the step says. The least loss is -1.
 */
export function countingOnes(
  categorical: number,
  continuous: number,
): {
  readonly space: Space;
  readonly step: (trial: Pick<Trial, 'config' | 'seed'>, step: number) => SimulatedStep;
} {
  const names = (letter: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, i) => letter + i);
  const fields = Object.fromEntries([
    ...names('c', categorical).map((name) => [name, choice([0, 1])] as const),
    ...names('p', continuous).map((name) => [name, float(0, 1)] as const),
  ]);
  const thrown = (share: number, step: number, salt: number): number => {
    let [ones, state] = [0, (salt * 2654435761) >>> 0];
    for (let index = 0; index < step; index += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      if (state / 2 ** 32 < share) ones += 1;
    }
    return ones / step;
  };
  return {
    space: space(fields),
    step: ({ config, seed }, step) => {
      const parts = Object.entries(config).map(([name, value], index) =>
        name.startsWith('c') ? Number(value) : thrown(Number(value), step, seed + index),
      );
      return { metrics: { loss: -parts.reduce((sum, part) => sum + part, 0) / parts.length }, cost: 1 };
    },
  };
}

/** Learning curves that cross: where a run ends is `end`, and `pace` says how soon that shows. */
export const crossingCurves = {
  space: space({ end: float(0, 1), pace: float(0, 1) }),
  step: (
    { config: { end, pace } }: { readonly config: { readonly end: number; readonly pace: number } },
    step: number,
  ) => ({
    metrics: { loss: end + (2 - end) * step ** -(0.3 + pace) },
    cost: 1,
  }),
};

/** A study on a clock of its own. */
export async function simulated<Config extends ConfigObject>(
  domain: Space<Config>,
  strategy: Strategy,
  seed = 0,
): Promise<{ readonly study: Study<Config, 'loss'>; readonly clock: VirtualClock }> {
  const clock = virtualClock();
  const study = await createStudy({
    name: 'simulated',
    space: domain,
    objectives: ['minimize loss'],
    strategy,
    seed,
    now: clock.now,
  });
  return { study, clock };
}

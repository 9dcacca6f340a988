/** Strategies on the tabular benchmark: how good the best network is that they have found after so many trainings. */
import { createStudy, maxTrials, type Strategy } from '@espalier/search';
import { simulate, virtualClock } from '@espalier/testing/search';
import { sizeOf, tabularSpace, task } from './space.ts';
import { accuracyAt, expectedBest, worth } from './table.ts';

/** The worth of the best network found after each of so many full trainings, the mean over seeds. */
export async function meanBest(make: () => Strategy, trials: number, seeds: number): Promise<readonly number[]> {
  const sums = new Array<number>(trials).fill(0);
  for (let seed = 0; seed < seeds; seed += 1) {
    const study = await createStudy({
      name: 'table',
      space: tabularSpace,
      objectives: ['maximize accuracy'],
      strategy: make(),
      seed,
    });
    await study.run(({ config }) => worth(config), { stop: [maxTrials(trials)] });
    let best = 0;
    for (const [index, { config }] of study.trials.entries()) {
      best = Math.max(best, worth(config));
      sums[index] = (sums[index] ?? 0) + best;
    }
  }
  return sums.map((sum) => sum / seeds);
}

/** The compute of one epoch of a network: multiply-accumulates of all its passes, in millions. */
const epochCost = (config: Parameters<typeof sizeOf>[0]): number => (sizeOf(config).macs * 3 * task.train) / 1e6;

/** What full trainings of all networks cost on average. */
export const fullCost: number =
  Array.from({ length: tabularSpace.size }, (_, index) => epochCost(tabularSpace.at(index)) * task.epochs).reduce(
    (sum, cost) => sum + cost,
    0,
  ) / tabularSpace.size;

/** A point of how good the best fully trained network is after so much compute. */
export interface Progress {
  readonly cost: number;
  readonly best: number;
}

/**
 * How good the best network is that a study has trained to the end, by the compute of all its workers, on a virtual
 * clock: reports are single trainings as the table has them, and the seconds of an epoch its compute.
 */
export async function progressOf(
  strategy: Strategy,
  seed: number,
  trials: number,
  workers: number,
): Promise<readonly Progress[]> {
  const clock = virtualClock();
  const study = await createStudy({
    name: 'table',
    space: tabularSpace,
    objectives: ['maximize accuracy'],
    strategy,
    seed,
    now: clock.now,
  });
  let spent = 0;
  const points: Progress[] = [];
  const { tells } = await simulate(study, {
    clock,
    workers,
    steps: task.epochs,
    trials,
    step: ({ config, seed: own }, step) => ({
      metrics: { accuracy: accuracyAt(config, own, step) },
      cost: epochCost(config),
    }),
  });
  const known = new Map<number, number>();
  let best = 0;
  for (const { trial } of tells) {
    const steps = trial.reports.at(-1)?.step ?? 0;
    const config = tabularSpace.normalize(trial.config);
    spent += (steps - (known.get(trial.number) ?? 0)) * epochCost(config);
    known.set(trial.number, steps);
    if (trial.state !== 'complete') continue;
    best = Math.max(best, worth(config));
    points.push({ cost: spent, best });
  }
  return points;
}

/** The compute at which a study's best network is as good as a bound; Infinity when it never is. */
export function costToReach(progress: readonly Progress[], bound: number): number {
  return progress.find(({ best }) => best >= bound)?.cost ?? Infinity;
}

/** The full trainings that random search needs, as expected, to find a network as good as a bound. */
export function randomTrialsToReach(bound: number): number {
  let count = 1;
  while (count < tabularSpace.size && expectedBest(count) < bound) count += 1;
  return count;
}

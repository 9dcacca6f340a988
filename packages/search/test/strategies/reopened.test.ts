import {
  choice,
  createStudy,
  float,
  int,
  memoryStorage,
  openStudy,
  space,
  strategyNamed,
  strategyNames,
  TrialFailure,
  TrialPruned,
  type JsonObject,
  type Trial,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';

const domain = space({
  x: float(0, 1),
  y: float(1e-3, 1, { log: true }),
  n: int(1, 5),
  kind: choice({ a: { z: float(0, 1) }, b: {} }),
});

/** Options by which a strategy is through with its first phase in a few trials. */
const brisk: Readonly<Record<string, JsonObject>> = {
  'aging-evolution': { population: 12, sample: 4 },
  asha: { max: 9 },
  bohb: { max: 9 },
  dehb: { max: 9 },
  genetic: { population: 8 },
  hyperband: { max: 9 },
  nsga2: { population: 8 },
  nsga3: { population: 8 },
  'population-based-training': { population: 5, max: 8 },
  'successive-halving': { max: 9 },
};

/** Ends a trial: some fail, some are pruned, and who trains longer does better. */
function outcomeOf({ number, config: { x, y, n }, budget = 9 }: Trial<ReturnType<typeof domain.sample>>) {
  if (number % 7 === 3) return new TrialFailure('crash', 'every seventh');
  if (number % 11 === 5) return new TrialPruned();
  return {
    loss: (x - 0.3) ** 2 + Math.log10(y) ** 2 + 1 / budget + 0.1 * Math.sin(7 * number),
    cost: x + n + 1 / budget,
  };
}

/** What a strategy hands out to three workers, batch by batch, by one study or by one that is opened anew for each. */
async function handedOut(name: string, objectives: readonly ['minimize loss', ...string[]], anew: boolean) {
  const storage = memoryStorage();
  const strategy = strategyNamed(name, brisk[name]);
  let study = await createStudy({ name: 's', storage, space: domain, objectives, strategy, seed: 5 });
  const log: unknown[] = [];
  for (let batch = 0; batch < 20; batch += 1) {
    if (anew && batch > 0) study = (await openStudy({ storage, name: 's' })) as unknown as typeof study;
    const trials = [];
    for (let worker = 0; worker < 3; worker += 1) {
      const trial = await study.ask().catch(({ name: error }: Error) => void log.push(error));
      if (trial === undefined) break;
      trials.push(trial);
      log.push([trial.number, trial.attempt, trial.config, trial.budget]);
    }
    for (const trial of trials) {
      await trial.save(trial.budget ?? 9, null);
      await study.tell(trial, outcomeOf(trial));
    }
  }
  return log;
}

describe.each(strategyNames)('%s', (name) => {
  it.each([[['minimize loss']], [['minimize loss', 'minimize cost']]] as const)(
    'suggests the same to who opens the study anew: %s',
    async (objectives) => {
      const list = objectives as readonly ['minimize loss', ...string[]];
      expect(await handedOut(name, list, true)).toEqual(await handedOut(name, list, false));
    },
  );
});

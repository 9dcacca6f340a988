import { createStudy, maxTrials } from '@espalier/search';
import type { Strategy } from '@espalier/search';
import type { ClosedForm } from '../../../packages/search/test/helpers/functions.ts';

/** What a strategy costs in a long study. */
export interface Overhead {
  readonly strategy: string;
  readonly form: string;
  readonly trials: number;
  /** Milliseconds of processor time for an ask and its tell. */
  readonly median: number;
  readonly most: number;
}

/** The cost of ask and tell once so many trials have finished; those come from configs that were enqueued. */
export async function measureOverhead(
  name: string,
  strategy: Strategy,
  form: ClosedForm,
  trials: number,
): Promise<Overhead> {
  const { space } = form;
  const study = await createStudy({ name: 'bench', space, objectives: ['minimize loss'], strategy, seed: 0 });
  const donor = await createStudy({ name: 'donor', space, objectives: ['minimize loss'], seed: 1 });
  await donor.run(({ config }) => form.value(config as never), { stop: [maxTrials(trials)] });
  await study.enqueue(...donor.trials.map(({ config }) => config));
  await study.run(({ config }) => form.value(config as never), { stop: [maxTrials(trials)] });
  const costs: number[] = [];
  for (let round = 0; round < 41; round += 1) {
    const began = process.cpuUsage();
    const trial = await study.ask();
    await study.tell(trial, form.value(trial.config as never));
    const { user, system } = process.cpuUsage(began);
    costs.push((user + system) / 1000);
  }
  // The first fills what later ones find again.
  const sorted = costs.slice(1).toSorted((a, b) => a - b);
  const median = sorted[20] ?? Number.NaN;
  const most = sorted.at(-1) ?? Number.NaN;
  console.log(
    `${name.padEnd(15)} ${form.name.padEnd(10)} ${trials} finished trials: ask and tell ${median.toFixed(2)} ms (at most ${most.toFixed(2)}; the first ${(costs[0] ?? 0).toFixed(0)})`,
  );
  return { strategy: name, form: form.name, trials, median, most };
}

/** What an ask and a tell cost in a long study, strategy by strategy. */
import { createStudy, maxTrials, type ConfigObject, type Strategy, type Study } from '@espalier/search';
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

/** What {@link measureOverhead} measures the cost of. */
export interface OverheadCase {
  readonly name: string;
  readonly strategy: Strategy;
  readonly form: ClosedForm;
  readonly trials: number;
  /** Whether the strategy gives its trials budgets. */
  readonly budgeted: boolean;
}

type OneObjective = Study<ConfigObject, 'loss'>;

/** Brings a study to so many trials: those of a random search, or where trials need budgets the strategy's own. */
async function fill(study: OneObjective, { form, trials, budgeted }: OverheadCase): Promise<void> {
  if (budgeted) {
    for (let count = 0; count < trials; count = study.trials.length) {
      for (let more = count; more < trials; more += 1) await step(study, form);
    }
    return;
  }
  const donor = await createStudy({ name: 'donor', space: form.space, objectives: ['minimize loss'], seed: 1 });
  await donor.run(({ config }) => form.value(config as never), { stop: [maxTrials(trials)] });
  await study.enqueue(...donor.trials.map(({ config }) => config));
  await study.run(({ config }) => form.value(config as never), { stop: [maxTrials(trials)] });
}

/** An ask and its tell; a trial is the nearer to its value the longer it trains. */
async function step(study: OneObjective, form: ClosedForm): Promise<void> {
  const trial = await study.ask();
  await study.tell(trial, { loss: form.value(trial.config as never) + 1 / (trial.budget ?? Infinity) });
}

/** The cost of ask and tell once so many trials have told. */
export async function measureOverhead(measured: OverheadCase): Promise<Overhead> {
  const { name, strategy, form, trials } = measured;
  const { space } = form;
  const study: OneObjective = await createStudy({
    name: 'bench',
    space,
    objectives: ['minimize loss'],
    strategy,
    seed: 0,
  });
  await fill(study, measured);
  const costs: number[] = [];
  for (let round = 0; round < 41; round += 1) {
    const began = process.cpuUsage();
    await step(study, form);
    const { user, system } = process.cpuUsage(began);
    costs.push((user + system) / 1000);
  }
  // The first fills what later ones find again.
  const sorted = costs.slice(1).toSorted((a, b) => a - b);
  const median = sorted[20] ?? Number.NaN;
  const most = sorted.at(-1) ?? Number.NaN;
  console.log(
    `${name.padEnd(15)} ${form.name.padEnd(10)} ${trials} trials: ask and tell ${median.toFixed(2)} ms (at most ${most.toFixed(2)}; the first ${(costs[0] ?? 0).toFixed(0)})`,
  );
  return { strategy: name, form: form.name, trials, median, most };
}

/**
 * What the strategies reach and what they cost: `npm run bench:search -- [--suite NAME] [--strategies A,B]
 * [--functions A,B] [--seeds N] [--trials N,M] [--json FILE]`. Each study is in memory and goes through the public
 * interface; peers' figures stand beside ours. The suites:
 *
 * - `closed-form`, the usual one: the median and the quartiles, over seeds, of the best regret after so many trials;
 * - `multi-objective`: the hypervolume that multi-objective strategies reach;
 * - `evaluations`: how many evaluations CMA-ES takes to 1e-8;
 * - `overhead`: what an ask and its tell cost after `--trials` trials, 10,000 if not said.
 */
import { writeFileSync } from 'node:fs';
import {
  asha,
  bohb,
  cmaEs,
  dehb,
  genetic,
  gp,
  greedy,
  grid,
  hyperband,
  nsga2,
  random,
  sobol,
  tpe,
  type Strategy,
} from '@espalier/search';
import { closedForms, type ClosedForm } from '../../../packages/search/test/helpers/functions.ts';
import { commandLine } from '../command-line.mjs';
import { measureClosedForm } from './closed-form.ts';
import { measureEvaluations } from './evaluations.ts';
import { measureMultiObjective, multiObjectiveEntrants } from './multi-objective.ts';
import { measureOverhead } from './overhead.ts';

const { option, check, wholeNumbers } = commandLine('bench:search', {
  suite: 'closed-form',
  strategies: undefined,
  functions: undefined,
  seeds: '30',
  trials: undefined,
  json: undefined,
});

/** The entries of a table that an option names; those named here when it says nothing. */
function chosen<Item>(
  name: 'strategies' | 'functions',
  table: Readonly<Record<string, Item>>,
  usual: readonly string[] = Object.keys(table),
): readonly (readonly [string, Item])[] {
  return (option(name)?.split(',') ?? usual).flatMap((entry) => {
    check(`entry of --${name}`, entry, Object.keys(table));
    const item = table[entry];
    return item === undefined ? [] : [[entry, item] as const];
  });
}

const forms: Readonly<Record<string, ClosedForm>> = Object.fromEntries(closedForms.map((form) => [form.name, form]));
const flat: Readonly<Record<string, () => Strategy>> = {
  random,
  grid,
  sobol,
  greedy,
  genetic,
  // The population that the peer's figures are of.
  nsga2: () => nsga2({ population: 50 }),
  tpe,
  'tpe-univariate': () => tpe({ multivariate: false }),
  'cma-es': cmaEs,
  gp,
};
const budgeted: Readonly<Record<string, () => Strategy>> = { asha, hyperband, dehb, bohb };
const [seeds = 0] = wholeNumbers('seeds') ?? [];
const trialCounts = wholeNumbers('trials');

const suites: Readonly<Record<string, () => Promise<readonly unknown[]>>> = {
  'closed-form': () =>
    measureClosedForm(
      chosen('strategies', flat).map(([name, make]) => ({
        name,
        make,
        trials: trialCounts ?? (name === 'gp' ? [25, 40, 60] : [100, 200]),
      })),
      chosen('functions', forms).map(([, form]) => form),
      seeds,
    ),
  'multi-objective': () => measureMultiObjective(chosen('strategies', multiObjectiveEntrants), seeds, trialCounts),
  evaluations: () => measureEvaluations(seeds),
  overhead: async () => {
    const rows = [];
    const strategies = chosen('strategies', { ...flat, ...budgeted }, [
      'genetic',
      'tpe',
      'gp',
      ...Object.keys(budgeted),
    ]);
    for (const [name, make] of strategies) {
      for (const [, form] of chosen('functions', forms, ['Branin'])) {
        const trials = trialCounts?.[0] ?? 10_000;
        rows.push(await measureOverhead({ name, strategy: make(), form, trials, budgeted: name in budgeted }));
      }
    }
    return rows;
  },
};

const suite = option('suite') ?? '';
check('suite', suite, Object.keys(suites));
const results = await suites[suite]?.();
const resultsFile = option('json');
if (resultsFile !== undefined) {
  const machine = { node: process.version, seeds };
  writeFileSync(resultsFile, `${JSON.stringify({ machine, results }, null, 2)}\n`);
}

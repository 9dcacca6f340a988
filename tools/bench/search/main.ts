/**
 * How near each strategy comes to the minimum of functions in closed form: `npm run bench:search -- [--strategies A,B]
 * [--functions A,B] [--seeds N] [--trials N,M] [--json FILE]`. With `--suite multi-objective`, the hypervolume that
 * multi-objective strategies reach instead.
 *
 * For each seed a study in memory is run through the public interface. The table gives the median and the quartiles,
 * over seeds, of the best regret after so many trials, the peer's median where there is one, and the ratio of the two.
 * `--suite evaluations` shows instead how many evaluations CMA-ES takes to 1e-8, and `--suite overhead` what an ask and
 * its tell cost after `--trials` trials, 10,000 if not said.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cmaEs, createStudy, genetic, gp, greedy, grid, maxTrials, random, sobol, tpe } from '@espalier/search';
import type { Strategy } from '@espalier/search';
import { closedForms } from '../../../packages/search/test/helpers/functions.ts';
import type { ClosedForm } from '../../../packages/search/test/helpers/functions.ts';
import { multiObjective } from './multi-objective.ts';
import { measureEvaluations } from './evaluations.ts';
import { budgeted, measureOverhead } from './overhead.ts';
import { referenceCells } from './reference.ts';

const strategies: Readonly<Record<string, () => Strategy>> = {
  random,
  grid,
  sobol,
  greedy,
  genetic,
  tpe,
  'tpe-univariate': () => tpe({ multivariate: false }),
  'cma-es': cmaEs,
  gp,
};
const forms = new Map(closedForms.map((form) => [form.name, form]));
/** After how many trials a strategy's regret is shown, if nothing else is asked for. */
const usualTrials = (strategy: string): readonly number[] => (strategy === 'gp' ? [25, 40, 60] : [100, 200]);

const { values } = parseArgs({
  options: {
    strategies: { type: 'string' },
    functions: { type: 'string' },
    seeds: { type: 'string', default: '30' },
    trials: { type: 'string' },
    suite: { type: 'string', default: 'closed-form' },
    json: { type: 'string' },
  },
});

function refuse(problem: string): never {
  console.error(`bench:search: ${problem}`);
  process.exit(2);
}

function chosen<Item>(
  text: string,
  what: string,
  find: (name: string) => Item | undefined,
  known: readonly string[],
): readonly Item[] {
  return text
    .split(',')
    .map((name) => find(name) ?? refuse(`there is no ${what} '${name}'; choose from ${known.join(', ')}`));
}

function wholeNumbers(text: string, option: string): readonly number[] {
  const numbers = text.split(',').map(Number);
  const right = numbers.every((number) => Number.isSafeInteger(number) && number > 0);
  return right ? numbers : refuse(`--${option} is ${text}: give whole numbers from 1`);
}

const overhead = values.suite === 'overhead';
const known = overhead ? { ...strategies, ...budgeted } : strategies;
const strategyNames = chosen(
  values.strategies ?? Object.keys(overhead ? { genetic, tpe, ...budgeted } : strategies).join(),
  'strategy',
  (name) => (name in known ? name : undefined),
  Object.keys(known),
);
const chosenForms = chosen(
  values.functions ?? (overhead ? 'Branin' : [...forms.keys()].join()),
  'function',
  (name) => forms.get(name),
  [...forms.keys()],
);
const [seeds = 0] = wholeNumbers(values.seeds, 'seeds');
const trialCounts = values.trials === undefined ? undefined : wholeNumbers(values.trials, 'trials');

function writeResults(results: readonly unknown[]): void {
  if (values.json === undefined) return;
  const machine = { node: process.version, seeds };
  writeFileSync(values.json, `${JSON.stringify({ machine, results }, null, 2)}\n`);
}

if (values.suite === multiObjective.name) {
  writeResults(await multiObjective.run({ seeds, trials: trialCounts }));
  process.exit(0);
}
if (values.suite === 'evaluations') {
  writeResults(await measureEvaluations(seeds));
  process.exit(0);
}
if (overhead) {
  const costs = [];
  for (const name of strategyNames) {
    for (const form of chosenForms) {
      costs.push(await measureOverhead(name, known[name]?.() ?? random(), form, trialCounts?.[0] ?? 10_000));
    }
  }
  writeResults(costs);
  process.exit(0);
}
if (values.suite !== 'closed-form') {
  refuse(`there is no suite '${values.suite}'; choose from closed-form, evaluations, overhead, ${multiObjective.name}`);
}

/** The regret after each trial: of the best so far. */
async function regretCurve(
  form: ClosedForm,
  strategy: Strategy,
  seed: number,
  trials: number,
): Promise<readonly number[]> {
  const { space, minimum } = form;
  const study = await createStudy({ name: 'bench', space, objectives: ['minimize loss'], strategy, seed });
  await study.run(({ config }) => form.value(config as never), { stop: [maxTrials(trials)] });
  let best = Infinity;
  return study.trials.map(({ metrics }) => (best = Math.min(best, (metrics['loss'] ?? Infinity) - minimum)));
}

/** The value below which a part of the sorted list lies. */
function quantile(sorted: readonly number[], part: number): number {
  const place = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return low + (high - low) * (place % 1);
}

const show = (value: number): string => value.toPrecision(3);
const results = [];
for (const name of strategyNames) {
  for (const form of chosenForms) {
    const counts = trialCounts ?? usualTrials(name);
    const curves: (readonly number[])[] = [];
    const began = performance.now();
    for (let seed = 0; seed < seeds; seed += 1) {
      curves.push(await regretCurve(form, strategies[name]?.() ?? random(), seed, Math.max(...counts)));
    }
    const seconds = (performance.now() - began) / 1000 / seeds;
    for (const trials of counts) {
      const sorted = curves.map((curve) => curve[trials - 1] ?? curve.at(-1) ?? Number.NaN).toSorted((a, b) => a - b);
      const [q25, median, q75] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
      const cell = referenceCells.find(
        (other) => other.strategy === name && other.form === form.name && other.trials === trials,
      );
      const ratio = cell === undefined ? undefined : median / cell.regret;
      results.push({
        strategy: name,
        form: form.name,
        trials,
        seeds,
        median,
        q25,
        q75,
        seconds,
        ...(cell === undefined ? {} : { peer: cell.peer, peerMedian: cell.regret, ratio }),
      });
      const beside =
        cell === undefined ? '' : `  ${cell.peer} ${show(cell.regret)}  ratio ${show(ratio ?? Number.NaN)}`;
      console.log(
        `${name.padEnd(15)} ${form.name.padEnd(10)} ${String(trials).padStart(4)} trials  ${show(median).padStart(9)} [${show(q25)}, ${show(q75)}]${beside}`,
      );
    }
  }
}

const compared = results.flatMap(({ strategy, ratio }) => (ratio === undefined ? [] : { strategy, ratio }));
for (const name of strategyNames) {
  const own = compared.filter(({ strategy }) => strategy === name);
  if (own.length === 0) continue;
  const met = own.filter(({ ratio }) => ratio <= 1).length;
  console.log(
    `${name}: at most the peer's median in ${met} of ${own.length} cells, below nine tenths of it in ${own.filter(({ ratio }) => ratio < 0.9).length}`,
  );
}
writeResults(results);

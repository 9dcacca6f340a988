/** How near strategies come to known minima: medians over seeds, with the band in which they lie by chance. */
import { createStudy, maxTrials, type Strategy } from '@espalier/search';
import type { ClosedForm } from '../../../packages/search/test/helpers/functions.ts';
import { referenceCells } from './reference.ts';

/** What the suite measures: one row for each strategy, function and number of trials. */
export interface ClosedFormRow {
  readonly strategy: string;
  readonly form: string;
  readonly trials: number;
  readonly seeds: number;
  readonly median: number;
  readonly q25: number;
  readonly q75: number;
  /** Of one study, on the clock. */
  readonly seconds: number;
  readonly peer?: string;
  readonly peerMedian?: number;
  /** Of the two medians. */
  readonly ratio?: number;
  /** Where, 95 times in 100, the median of as many studies of ours as the peer's is of would lie. */
  readonly band?: readonly [number, number];
}

/** A strategy by its name, and after how many trials it is looked at. */
export interface Entrant {
  readonly name: string;
  readonly make: () => Strategy;
  readonly trials: readonly number[];
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

/**
 * Where the median of so many draws from the sorted list lies 95 times in 100.
 *
 * Source: the order statistics of a uniform sample; its median is near normal, with variance 1 / (4 count).
 */
function bandOfMedian(sorted: readonly number[], count: number): readonly [number, number] {
  const away = 1.96 / (2 * Math.sqrt(count));
  return [quantile(sorted, Math.max(0, 0.5 - away)), quantile(sorted, Math.min(1, 0.5 + away))];
}

const show = (value: number): string => value.toPrecision(3);

/** Measures a strategy on a function over so many seeds, and prints a row for each number of trials. */
async function measure({ name, make, trials: counts }: Entrant, form: ClosedForm, seeds: number) {
  const curves: (readonly number[])[] = [];
  const began = performance.now();
  for (let seed = 0; seed < seeds; seed += 1) curves.push(await regretCurve(form, make(), seed, Math.max(...counts)));
  const seconds = (performance.now() - began) / 1000 / seeds;
  return counts.map((trials): ClosedFormRow => {
    const sorted = curves.map((curve) => curve[trials - 1] ?? curve.at(-1) ?? Number.NaN).toSorted((a, b) => a - b);
    const [q25, median, q75] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
    const cell = referenceCells.find(
      (other) => other.strategy === name && other.form === form.name && other.trials === trials,
    );
    const row = { strategy: name, form: form.name, trials, seeds, median, q25, q75, seconds };
    const line = `${name.padEnd(15)} ${form.name.padEnd(10)} ${String(trials).padStart(4)} trials  ${show(median).padStart(9)} [${show(q25)}, ${show(q75)}]`;
    if (cell === undefined) {
      console.log(line);
      return row;
    }
    const ratio = median / cell.regret;
    const band = bandOfMedian(sorted, cell.seeds);
    console.log(`${line}  ${cell.peer} ${show(cell.regret)}  ratio ${show(ratio)}`);
    return { ...row, peer: cell.peer, peerMedian: cell.regret, ratio, band };
  });
}

/** The suite `--suite closed-form`: how near each strategy comes to the minimum of each function. */
export async function measureClosedForm(
  entrants: readonly Entrant[],
  forms: readonly ClosedForm[],
  seeds: number,
): Promise<readonly ClosedFormRow[]> {
  const rows: ClosedFormRow[] = [];
  for (const entrant of entrants) {
    for (const form of forms) rows.push(...(await measure(entrant, form, seeds)));
  }
  for (const { name } of entrants) {
    const cells = rows.filter(({ strategy, ratio }) => strategy === name && ratio !== undefined);
    if (cells.length === 0) continue;
    const count = (holds: (row: ClosedFormRow) => boolean): string =>
      `${cells.filter(holds).length} of ${cells.length}`;
    const met = count(({ ratio = Infinity }) => ratio <= 1);
    const well = count(({ ratio = Infinity }) => ratio < 0.9);
    const alike = count(({ peerMedian = NaN, band: [low, high] = [0, 0] }) => peerMedian >= low && peerMedian <= high);
    console.log(
      `${name}: at most the peer's median in ${met} cells, below nine tenths of it in ${well}; in ${alike} one of ours, of as many studies, could be the peer's`,
    );
  }
  return rows;
}

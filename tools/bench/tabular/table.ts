/** What the networks of the tabular benchmark reached: read from table.json, which generate.ts writes. */
import { readFileSync } from 'node:fs';
import { tabularSpace, task, type TabularConfig } from './space.ts';

/** For each network, for each seed, the validation images it gets right after each epoch. */
const curves = JSON.parse(
  readFileSync(new URL('table.json', import.meta.url), 'utf8'),
) as readonly (readonly (readonly number[])[])[];

const indexByKey = new Map(
  Array.from({ length: tabularSpace.size }, (_, index) => [tabularSpace.key(tabularSpace.at(index)), index]),
);

/** A network's index in the table. */
export function indexOf(config: TabularConfig): number {
  return indexByKey.get(tabularSpace.key(config)) ?? -1;
}

/** The accuracy of a network after an epoch, from 1, of one of its trainings. */
export function accuracyAt(config: TabularConfig, seed: number, epoch: number): number {
  return (curves[indexOf(config)]?.[seed % task.seeds]?.[epoch - 1] ?? 0) / task.validation;
}

/** What a network is worth: the mean accuracy of its trainings at their end. */
export function worth(config: TabularConfig): number {
  const finals = (curves[indexOf(config)] ?? []).map((each) => each.at(-1) ?? 0);
  return finals.reduce((sum, correct) => sum + correct, 0) / finals.length / task.validation;
}

/** The worth of every network, best first. */
export const worths: readonly number[] = Array.from({ length: tabularSpace.size }, (_, index) =>
  worth(tabularSpace.at(index)),
).toSorted((a, b) => b - a);

/**
 * The expected worth of the best of `count` networks drawn at random without repeats, exactly: the k-th best is the best
 * of the draw when all that are better are left out.
 */
export function expectedBest(count: number): number {
  const size = worths.length;
  let [expected, noneBetter] = [0, 1];
  for (const [place, value] of worths.entries()) {
    // P(the place-th is drawn | none of the better ones is) = count / (size - place).
    const drawn = Math.min(1, count / (size - place));
    expected += value * noneBetter * drawn;
    noneBetter *= 1 - drawn;
  }
  return expected;
}

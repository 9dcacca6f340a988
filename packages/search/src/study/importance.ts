/** Which parameters matter, by what the best trials have in common. */
import { quote } from '../checked/quote.ts';
import { ValueError } from '../errors.ts';
import type { Space } from '../space/space.ts';
import { toUnit } from '../space/number-scale.ts';
import type { Parameter, ParameterValue } from '../space/parameter.ts';
import type { History } from './history.ts';
import type { TrialRecord } from './trial-record.ts';

/** What importance is measured by. */
export interface ImportanceOptions {
  /** Which part of the complete trials counts as good. Default 0.1, and at least two trials. */
  readonly top?: number;
}

/** Cells that a number's range is divided into. */
const cells = 50;

/** How likely the values of a parameter are, by cell or by value, smoothed so that none is impossible. */
function density(parameter: Parameter, values: readonly ParameterValue[]): readonly number[] {
  if (parameter.kind === 'choice') {
    const counts = parameter.values.map((option) => values.filter((value) => value === option).length + 1);
    return counts.map((count) => count / (values.length + counts.length));
  }
  const positions = values.map((value) => toUnit(parameter, Number(value)));
  const mean = positions.reduce((sum, position) => sum + position, 0) / positions.length;
  const spread = Math.sqrt(positions.reduce((sum, position) => sum + (position - mean) ** 2, 0) / positions.length);
  // Scott's rule, at least a cell wide.
  const width = Math.max(1.06 * spread * positions.length ** -0.2, 1 / cells);
  const heights = Array.from({ length: cells }, (_, cell) => {
    const centre = (cell + 0.5) / cells;
    return positions.reduce((sum, position) => sum + Math.exp(-(((centre - position) / width) ** 2) / 2), 1e-9);
  });
  const total = heights.reduce((sum, height) => sum + height, 0);
  return heights.map((height) => height / total);
}

/** Pearson's χ² divergence of one distribution from another. */
function divergence(of: readonly number[], from: readonly number[]): number {
  return of.reduce((sum, share, index) => {
    const base = from[index] ?? 0;
    return base === 0 ? sum : sum + base * (share / base - 1) ** 2;
  }, 0);
}

/**
 * How much each parameter has to do with being good: how far its values in the best trials differ from its values in
 * all, as parts of a whole, most important first. A conditional parameter is judged among the trials that have it, and
 * counts as often as they occur among the good ones. Of several objectives, good is who ranks first.
 *
 * Source: Watanabe, Bansal, Hutter, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
 * subspaces", IJCAI 2023.
 * @throws {ValueError} when the part is not between 0 and 1, or fewer than four trials are complete.
 */
export function importance(
  space: Space,
  history: History,
  { top = 0.1 }: ImportanceOptions = {},
): ReadonlyMap<string, number> {
  if (!(top > 0 && top < 1)) throw new ValueError(`importance: top is ${quote(top)}: give a part between 0 and 1`);
  const { ranked } = history;
  if (ranked.length < 4) {
    throw new ValueError(
      `importance: ${ranked.length} trials are complete: it takes 4 at least, and is worth little below 50`,
    );
  }
  const good = Math.max(2, Math.ceil(top * ranked.length));
  const flat = ranked.map(({ config }: TrialRecord) => space.flatten(config));
  const found = [...space.parameters()].map(([path, parameter]): [string, number] => {
    const valuesOf = (trials: typeof flat): readonly ParameterValue[] =>
      trials.flatMap((active) => {
        const value = active.get(path)?.value;
        return value === undefined ? [] : [value];
      });
    const [best, all] = [valuesOf(flat.slice(0, good)), valuesOf(flat)];
    if (best.length < 2) return [path, 0];
    const weight = best.length / good;
    return [path, weight * divergence(density(parameter, best), density(parameter, all))];
  });
  const total = found.reduce((sum, [, value]) => sum + value, 0);
  const shares = found.map(([path, value]) => [path, total === 0 ? 0 : value / total] as const);
  return new Map(shares.toSorted(([, a], [, b]) => b - a));
}

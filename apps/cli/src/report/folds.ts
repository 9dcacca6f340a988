/** What candidates came to over folds, for people. */
import type { Report } from '@espalier/pipeline';

/** Fields of a trial that are no score. */
const ofTrial = new Set(['number', 'operator', 'config', 'folds', 'sd']);

/** The name that the scores of trials stand under; empty where no trial has one. */
export function scoreName({ trials }: NonNullable<Report['search']>): string {
  const [name = ''] = trials.flatMap((trial) => Object.keys(trial).filter((key) => !ofTrial.has(key)));
  return name;
}

/** The winner over its folds, as a sentence; nothing where it was judged by one part. */
export function foldsText({ search }: Pick<Report, 'search'>): readonly string[] {
  const winner = search?.trials.find(({ number }) => number === search.best);
  if (!search || !winner?.folds) return [];
  const name = scoreName(search);
  const brief = (value: unknown): string => String(Number(Number(value).toPrecision(4)));
  const each = winner.folds.map(brief).join(', ');
  return [
    `the winner over ${winner.folds.length} folds: ${name} ${brief(Reflect.get(winner, name))} ± ${brief(winner.sd)} (mean ± standard deviation of ${each})`,
  ];
}

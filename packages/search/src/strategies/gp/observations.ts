/** What a Gaussian process is told of the trials: which of them, and as what numbers. */
import { normalQuantile } from '../../numeric/normal.ts';
import type { Space } from '../../space/space.ts';
import { losses, totalViolation, type Criteria } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { tells } from '../tpe/split.ts';
import { pointOf, type Features } from './features.ts';
import type { Data } from './process.ts';
import { scoresOf } from './scores.ts';

/** The most trials a process sees: its cost grows with their cube. */
const most = 150;

/** By place from best to worst, values that have a normal distribution. */
function normalScores(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => normalQuantile((index + 0.5) / count));
}

/**
 * What a process is to learn from: the best trials and the latest, 150 at most. A loss counts by its size, bent towards a normal law; with several
 * objectives, or where a constraint was broken, trials count by their place in the ranking. Trials that were pruned or
 * failed count like the worst.
 *
 * @param ranked the complete ones of the finished trials, best first.
 */
export function observationsOf(
  finished: readonly TrialRecord[],
  ranked: readonly TrialRecord[],
  criteria: Criteria,
  space: Space,
  features: Features,
): Data {
  const chosen = new Set(ranked.slice(0, most / 2));
  for (let index = finished.length - 1; index >= 0 && chosen.size < most; index -= 1) {
    const trial = finished[index];
    if (trial !== undefined && tells(trial)) chosen.add(trial);
  }
  const complete = ranked.filter((trial) => chosen.has(trial));
  const others = [...chosen].filter(({ state }) => state !== 'complete');
  const plain =
    criteria.objectives.length === 1 &&
    complete.every(
      (trial) => totalViolation(trial, criteria) === 0 && Number.isFinite(losses(trial, criteria)[0] ?? Infinity),
    );
  const scores = plain ? complete.map((trial) => losses(trial, criteria)[0] ?? 0) : normalScores(complete.length);
  const worst = scores.at(-1) ?? 0;
  return {
    points: [...complete, ...others].map(({ config }) => pointOf(space, features, config)),
    values: scoresOf([...scores, ...others.map(() => worst)]),
  };
}

/** What was tried for nothing, in plain sentences. */
import { claimOf, verdictsOf, type LoopTrial } from './trial.ts';

/**
 * A sentence for each kind of recipe that did not lead to the best model, and for whatever failed.
 * @param hasCost whether it is a cost that decides between them
 */
export function unhelpful(
  trials: readonly LoopTrial[],
  best: LoopTrial,
  disabled: readonly string[],
  hasCost: boolean,
): string[] {
  const families = [...new Set(trials.map(({ family }) => family))].filter((family) => family !== 'as given');
  return [
    ...families.flatMap((family) => {
      const own = trials.filter((trial) => trial.family === family);
      return [...(family === best.family ? [] : fallenShort(family, own, best, hasCost)), ...failed(family, own)];
    }),
    ...disabled.map((type) => `${type} failed again and again, and was not tried any more.`),
  ];
}

function fallenShort(family: string, trials: readonly LoopTrial[], best: LoopTrial, hasCost: boolean): string[] {
  const made = trials.filter(({ failure }) => !failure);
  if (made.length === 0) return [];
  const [first] = made.filter((trial) => claimOf(trial) === 'holds').toSorted((a, b) => (a.cost ?? 0) - (b.cost ?? 0));
  if (hasCost && first?.cost && best.cost !== null && best.cost > 0)
    return [`${family}: keeps the goals at ${(first.cost / best.cost).toFixed(2)} times the cost of the best.`];
  const missed = made.flatMap((trial) => verdictsOf(trial).filter(({ verdict }) => verdict !== 'holds'));
  const goals = [...new Set(missed.map(({ goal }) => goal))];
  return [
    goals.length > 0
      ? `${family}: was not sure to keep ${goals.join(' and ')}.`
      : `${family}: is no better than what was there.`,
  ];
}

function failed(family: string, trials: readonly LoopTrial[]): string[] {
  const failures = trials.flatMap(({ failure }) => (failure ? [failure] : []));
  const messages = [...new Set(failures.map(({ kind, message }) => `(${kind}) ${message}`))];
  return messages.map((message) => `${family}: ${failures.length} of ${trials.length} recipes failed: ${message}`);
}

/** Whether a value is a candidate. */
import { UsageError } from '../errors.ts';
import { problemOf, problemText, type Fields, type Problem } from '../fields.ts';
import { architectureProblem } from './architecture-type.ts';
import type { Candidate } from './candidate.ts';
import { initialiserSlot, trainingSlots } from './dimensions.ts';
import { chosenOptimizerProblem } from './optimizers.ts';

const candidateFields: Fields = {
  architecture: { problemIn: architectureProblem },
  initialiser: initialiserSlot,
  training: { optimizer: { problemIn: chosenOptimizerProblem }, ...trainingSlots },
};

/** What keeps a value from being a candidate, if anything does. */
export function candidateProblem(value: unknown): Problem | undefined {
  return problemOf(value, candidateFields);
}

/**
 * Reads a candidate from the config of a trial.
 * @throws {UsageError} when it is not one: the space was made by something else.
 */
export function candidateOf(config: unknown): Candidate {
  const problem = candidateProblem(config);
  if (problem === undefined) return config as Candidate;
  throw new UsageError(`candidate: ${problemText(problem)}`);
}

/** Candidates as files, such as the winner of a search. */
import { candidateProblem, problemText, type Candidate } from '@espalier/pipeline';
import { brief } from '@espalier/search';
import { UsageError } from '../errors.ts';
import { readYaml } from './located-yaml.ts';

/**
 * Reads a candidate from YAML or JSON text.
 * @throws {UsageError} with line and column of what is wrong.
 */
export function readCandidate(file: string, text: string): Candidate {
  const yaml = readYaml(file, text);
  const problem = candidateProblem(yaml.value);
  if (problem === undefined) return yaml.value as Candidate;
  throw new UsageError(brief(problemText(problem), 1000), yaml.place(problem.path, problem.unknown));
}

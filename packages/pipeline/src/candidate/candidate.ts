/** One point of a search space: a network, and how it is trained. */
import { UsageError } from '../errors.ts';
import { problemOf, problemText, type Fields, type Problem } from '../fields.ts';
import { architectureSlots, initialiserSlot, optimizerSlots, trainingSlots } from './dimensions.ts';

/** The shape of a network. */
export interface Architecture {
  /** Convolution, activation, pooling: how many times. */
  readonly blocks: number;
  /** Channels of the first block; each further one has twice as many. */
  readonly channels: number;
  /** Height and width of each convolution. */
  readonly kernel: number;
  /** Width of the layer before the classes; 0 for none. */
  readonly hidden: number;
  readonly activation: string;
  /** Whether each convolution is followed by batch normalization. */
  readonly batchNorm: boolean;
}

/** An optimizer and its options. */
export type OptimizerChoice =
  | { readonly type: 'sgd'; readonly lr: number; readonly momentum: number }
  | { readonly type: 'adam'; readonly lr: number }
  | { readonly type: 'adamw'; readonly lr: number; readonly weightDecay: number };

/** One point of a search space: a network and how to train it. */
export interface Candidate {
  readonly architecture: Architecture;
  readonly initialiser: string;
  readonly training: {
    readonly optimizer: OptimizerChoice;
    readonly schedule: 'constant' | 'cosine' | 'one-cycle';
    readonly batch: number;
  };
}

const candidateFields: Fields = {
  architecture: architectureSlots,
  initialiser: initialiserSlot,
  training: { optimizer: { types: optimizerSlots }, ...trainingSlots },
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

/** One point of a search space: a network, and how it is trained. */
import type { OptimizerConfig } from '@espalier/nn';

/** The shape of a convolutional network. */
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

/** A convolutional network, or one of another kind with its options. */
export type ArchitectureChoice = Architecture | { readonly type: string; readonly [option: string]: unknown };

/** One point of a search space: a network and how to train it. */
export interface Candidate {
  readonly architecture: ArchitectureChoice;
  readonly initialiser: string;
  readonly training: {
    readonly optimizer: OptimizerConfig;
    readonly schedule: string;
    readonly batch: number;
  };
}

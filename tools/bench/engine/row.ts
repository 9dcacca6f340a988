/** What a row of the table is. */
import type { Problem } from './problem.ts';

/**
 * What a row has to reach, as our speed over that of others: 1.25 is a quarter faster. Each is a line of its own where it
 * can be measured; without a target it is a line that is only read.
 */
export interface Targets {
  /** Over the fastest JavaScript peer of the run. */
  readonly js?: number;
  /** Over PyTorch on as many threads. */
  readonly native?: number;
  /** Over ourselves in f32, with numbers stored in 16 bits. */
  readonly f16?: number;
  /** Two threads over one, both ours. */
  readonly threads?: number;
  /** Share of the machine's streaming rate of reading that is reached. */
  readonly streaming?: number;
  /** What the forward pass takes over what is left for the backward pass: 1 / 2.8 is 2.8 times the forward pass. */
  readonly forward?: number;
  /** What is allowed over what is taken, where a row has a limit in itself. */
  readonly limit?: number;
}

/** One workload. */
export interface Row {
  /** As `--only` takes it. */
  readonly name: string;
  /** Sizes, for readers of the table. */
  readonly sizes: string;
  readonly problem: () => Problem;
  readonly targets: Targets;
  /** Bytes that have to be read, for shares of the streaming rate. */
  readonly bytes?: number;
  /** The row's forward pass, for backward passes: an op on the first of its operands. */
  readonly forwardOp?: string;
  /** Peers beside the usual ones, by their names. */
  readonly peers?: readonly string[];
  /** Milliseconds that are allowed. */
  readonly allowed?: number;
}

/** Bytes that the probe of the streaming rate reads: as many as a matrix of 4096 by 4096 has. */
export const streamedBytes: number = 2 ** 26;

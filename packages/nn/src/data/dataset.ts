/** What can be trained on: numbered examples, read in batches. */
import { ArgumentError, type Tensor } from '@espalier/tensor';

/** Inputs and targets of some examples; axis 0 counts examples. */
export interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Tensors on their way to becoming a batch. */
export type Loaded = Readonly<Record<string, Tensor>>;

/**
 * Numbered examples. A batch is made in two halves: `load` fetches what the step needs from outside (indices, raw bytes),
 * `prepare` computes the batch from it with tensor ops. Training records `prepare` into its compiled step, so that
 * images travel as bytes and become floats where they are used.
 */
export interface Dataset {
  /** Number of examples. */
  readonly size: number;
  /** The first half, for examples by number. The tensors are the caller's to dispose. */
  readonly load: (indices: Int32Array) => Loaded | Promise<Loaded>;
  /** The second half: pure tensor work. */
  readonly prepare: (loaded: Loaded) => Batch;
  /**
   * The class of each example, where targets are class indices that are known without loading examples. Training checks
   * them before it starts.
   */
  readonly labels?: () => Promise<ArrayLike<number>>;
  /** Both halves: a batch that is ready. */
  readonly batch: (indices: ArrayLike<number>) => Promise<Batch>;
}

/** A dataset from its two halves. */
export function dataset(parts: Omit<Dataset, 'batch'>): Dataset {
  return {
    ...parts,
    batch: async (indices) => parts.prepare(await parts.load(examples('dataset', indices, parts.size))),
  };
}

/** Numbers of examples, as they are given. Throws ArgumentError for what is the number of none: rounded, it would be another's. */
export function examples(operation: string, indices: ArrayLike<number>, size: number): Int32Array {
  return Int32Array.from(indices, (index: unknown) => {
    if (Number.isInteger(index) && (index as number) >= 0 && (index as number) < size) return index as number;
    throw new ArgumentError(operation, `there is no example ${String(index)}; there are ${size}`);
  });
}

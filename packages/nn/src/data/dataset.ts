/** What can be trained on: numbered examples, read in batches. */
import { ArgumentError, type Tensor } from '@espalier/tensor';
import {
  aCount,
  aFunction,
  anObject,
  aTensor,
  check,
  checkOwnOptions,
  describe,
  refuse,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { isRecord } from '../json.ts';
import { numbers } from '../config/rules.ts';

/** Inputs and targets of some examples; axis 0 counts examples. */
export interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Tensors on their way to becoming a batch. */
export type Loaded = Readonly<Record<string, Tensor>>;

/** The order of a dataset that mixes its examples by itself, because they are not all at hand: training leaves it alone. */
export interface OwnOrder {
  /** All that the order follows from, as a text: a training goes on only where it is the same. */
  readonly key: string;
  /** Training begins an epoch, or goes on with it; from 0. */
  readonly begin: (epoch: number) => void;
}

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
  /** Where example i is the i-th of an order that differs from epoch to epoch. */
  readonly order?: OwnOrder;
  /** Both halves: a batch that is ready. */
  readonly batch: (indices: ArrayLike<number>) => Promise<Batch>;
}

type Parts = Omit<Dataset, 'batch'>;

const partRules: OptionRules<Parts> = {
  size: aCount,
  load: ruleOf('a function from numbers of examples to tensors', aFunction.holds),
  prepare: ruleOf('a function from what load gives to a batch', aFunction.holds),
  labels: ruleOf('a function that gives the class of each example', aFunction.holds),
  order: ruleOf(
    'an order: { key, begin }',
    (value) => isRecord(value) && typeof value['key'] === 'string' && aFunction.holds(value['begin']),
  ),
};

/**
 * A dataset from its two halves.
 * @throws {ArgumentError} for what is none.
 */
export function dataset(parts: Parts): Dataset {
  check('dataset', 'parts', parts, anObject);
  checkOwnOptions('dataset', parts, partRules);
  for (const name of ['size', 'load', 'prepare'] as const)
    if (parts[name] === undefined) refuse('dataset', name, undefined, partRules[name].is);
  return {
    ...parts,
    batch: async (indices) => prepared('dataset', parts, await parts.load(examples('dataset', indices, parts.size))),
  };
}

/** Inputs and targets. */
export const aBatch: Rule<Batch> = ruleOf(
  'a batch { x, y } of tensors',
  (value) => isRecord(value) && aTensor.holds(value['x']) && aTensor.holds(value['y']),
);

/**
 * A batch that a dataset makes.
 * @throws {ArgumentError} for what is none.
 */
export function prepared(operation: string, data: Pick<Dataset, 'prepare'>, loaded: Loaded): Batch {
  return check(operation, 'what prepare of the dataset gives', data.prepare(loaded), aBatch);
}

/**
 * Numbers of examples, as they are given.
 * @throws {ArgumentError} for what is the number of none: rounded, it would be another's.
 */
export function examples(operation: string, indices: ArrayLike<number>, size: number): Int32Array {
  check(operation, 'indices', indices, numbers);
  return Int32Array.from(indices, (index: unknown) => {
    if (Number.isInteger(index) && (index as number) >= 0 && (index as number) < size) return index as number;
    throw new ArgumentError(operation, `there is no example ${describe(index)}; there are ${size}`);
  });
}

/** In which order examples are met. */
import { cpu, permutation, scope } from '@espalier/tensor';
import { aCount, aPositiveInteger, check, ruleOf } from '@espalier/tensor/arguments';
import { streamOf } from '../random/seed.ts';

/**
 * 0 to size - 1 in random order: a pure function of size, seed, purpose and number of the draw, the same on every
 * device, so that an interrupted training finds its place again.
 */
export function shuffled(size: number, seed: number, purpose: string, draw = 0): Int32Array {
  check('shuffled', 'size', size, aCount);
  check('shuffled', 'draw', draw, aCount);
  const generator = streamOf(seed, purpose);
  generator.setState({ ...generator.state(), draws: draw });
  // In a scope, because sorting leaves more behind than its result.
  return scope(() => Int32Array.from(permutation(size, { generator, device: cpu() }).dataSync()));
}

/** 0 to size - 1. */
export function inOrder(size: number): Int32Array {
  check('inOrder', 'size', size, aCount);
  return Int32Array.from({ length: size }, (_, index) => index);
}

/** Cuts an order into batches; the last one may be smaller, or is left out. */
export function batches(order: Int32Array, batchSize: number, dropLast = false): Int32Array[] {
  check(
    'batches',
    'order',
    order,
    ruleOf('an Int32Array', (value) => value instanceof Int32Array),
  );
  check('batches', 'batchSize', batchSize, aPositiveInteger);
  const count = dropLast ? Math.floor(order.length / batchSize) : Math.ceil(order.length / batchSize);
  return Array.from({ length: count }, (_, index) => order.subarray(index * batchSize, (index + 1) * batchSize));
}

/**
 * A batch size near the wanted one that leaves no smaller last batch, where there is one: every other size of batch
 * costs a recording of its own.
 */
export function evenBatchSize(size: number, wanted: number): number {
  check('evenBatchSize', 'size', size, aCount);
  check('evenBatchSize', 'wanted', wanted, aPositiveInteger);
  if (size <= wanted) return Math.max(1, size);
  for (let candidate = wanted; candidate >= wanted / 2; candidate--) if (size % candidate === 0) return candidate;
  return wanted;
}

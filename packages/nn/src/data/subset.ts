/** Parts of datasets. */
import { ArgumentError } from '@espalier/tensor';
import { aCount, check, checkOptions, describe } from '@espalier/tensor/arguments';
import { aSeed } from '../config/rules.ts';
import { shuffled } from './order.ts';
import { dataset, examples, type Dataset } from './dataset.ts';
import { aDataset } from './rule.ts';

/**
 * Some examples of a dataset, in the given order.
 * @throws {ArgumentError} for one that does not exist, and for data that has an order of its own.
 */
export function subset(data: Dataset, indices: ArrayLike<number>): Dataset {
  check('subset', 'data', data, aDataset);
  if (data.order)
    throw new ArgumentError(
      'subset',
      'the data has an order of its own, in which a number stands for another example in each epoch; part what it is read from',
    );
  const own = examples('subset', indices, data.size);
  return dataset({
    size: own.length,
    load: (wanted) =>
      data.load(
        wanted.map((index) => {
          const found = own[index];
          if (found === undefined)
            throw new ArgumentError('dataset', `there is no example ${index}; there are ${own.length}`);
          return found;
        }),
      ),
    prepare: data.prepare,
    ...(data.labels && { labels: async () => labelsOf(own, await data.labels?.()) }),
  });
}

function labelsOf(rows: Int32Array, labels: ArrayLike<number> = []): Float64Array {
  return Float64Array.from(rows, (row) => labels[row] as number);
}

/**
 * Disjoint random parts with the given numbers of examples: a function of the seed. Examples left over belong to none.
 * @throws {ArgumentError} for counts that are none, or more together than there are examples.
 *
 * @example
 * const [train, validate] = split(data, [50_000, 10_000], { seed: 7 });
 */
export function split(data: Dataset, counts: readonly number[], options: { readonly seed?: number } = {}): Dataset[] {
  check('split', 'data', data, aDataset);
  checkOptions('split', options, { seed: aSeed });
  if (!Array.isArray(counts))
    throw new ArgumentError('split', `the parts are ${describe(counts)}; give a list of how many examples each has`);
  const isCounted = counts.every((count) => aCount.holds(count));
  if (!isCounted || counts.reduce((sum, count) => sum + count, 0) > data.size)
    throw new ArgumentError('split', `parts of ${describe(counts)} examples cannot be taken from ${data.size}`);
  const order = shuffled(data.size, options.seed ?? 0, 'split');
  let start = 0;
  return counts.map((count) => subset(data, order.subarray(start, (start += count))));
}

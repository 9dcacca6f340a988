/** Random draws of the public table: equal bit for bit on every device. They are made on the default device. */
import { isFloat, type DType } from '../../dtype/dtype.ts';
import {
  bernoulli,
  permutation,
  rand,
  randint,
  randn,
  randomBits,
  uniform,
  type RandomOptions,
} from '../../functions/random.ts';
import { Generator } from '../../random/generator.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Attributes } from '../../graph/op.ts';
import type { OpEntry } from '../domain.ts';

type Draw = (shape: readonly number[], options: RandomOptions, attributes: Attributes) => Tensor;

function entry(name: string, summary: string, draw: Draw): OpEntry {
  return {
    name,
    family: 'random',
    summary,
    run: (_, attributes) => {
      const generator = new Generator(attributes['seed'] as number);
      const dtype = attributes['dtype'] as DType;
      return draw(
        attributes['shape'] as readonly number[],
        { generator, ...(isFloat(dtype) && { dtype }) },
        attributes,
      );
    },
    domain: (choose) => ({
      inputs: [],
      attributes: {
        seed: choose.integer(0, 2 ** 31),
        shape: choose.shape(),
        dtype: choose.dtype(['float']),
        low: choose.integer(-50, 0),
        range: choose.integer(1, 1000),
        p: choose.pick([0, 0.1, 0.5, 1]),
      },
    }),
    tolerance: { ulps: 0 },
  };
}

/** Bits, numbers, integers, truth values and orders. */
export const randomTable: readonly OpEntry[] = [
  entry('randomBits', '32 random bits', (shape, { generator }) => randomBits(shape, generator ? { generator } : {})),
  entry('rand', 'uniform on [0, 1)', (shape, options) => rand(shape, options)),
  entry('uniform', 'uniform on a range', (shape, options, { low, range }) =>
    uniform(shape, { low: low as number, high: (low as number) + (range as number) }, options),
  ),
  entry('randn', 'standard normal', (shape, options) => randn(shape, options)),
  entry('randint', 'integers in a range', (shape, { generator }, { low, range }) =>
    randint(low as number, (low as number) + (range as number), shape, generator ? { generator } : {}),
  ),
  entry('bernoulli', 'true with a probability', (shape, { generator }, { p }) =>
    bernoulli(p as number, shape, generator ? { generator } : {}),
  ),
  entry('permutation', '0 to n - 1 in random order', (_, { generator }, { range }) =>
    permutation(range as number, generator ? { generator } : {}),
  ),
];

// An option that is spelled wrong would change nothing, silently.
import { expect, test } from 'vitest';
import * as everything from '../../src/index.ts';
import { ArgumentError } from '../../src/index.ts';

const calls: Readonly<Record<string, readonly unknown[]>> = {
  tensor: [[1, 2]],
  fromBytes: [new Uint8Array(8), [2]],
  zeros: [[2]],
  ones: [[2]],
  full: [[2], 1],
  zerosLike: [everything.ones([2])],
  onesLike: [everything.ones([2])],
  fullLike: [everything.ones([2]), 1],
  arange: [0, 2, 1],
  linspace: [0, 1, 2],
  eye: [2, 2],
  rand: [[2]],
  randn: [[2]],
  uniform: [[2], { low: 0, high: 1 }],
  normal: [[2], { mean: 0, std: 1 }],
  randint: [0, 2, [2]],
  randomBits: [[2]],
  bernoulli: [0.5, [2]],
  permutation: [2],
};

const needed: Readonly<Record<string, object>> = { fromBytes: { dtype: 'f32' } };

test.each(Object.entries(calls))('%s refuses an option that it does not have', (name, args) => {
  const make = Reflect.get(everything, name) as (...given: readonly unknown[]) => unknown;
  make(...args, needed[name] ?? {});
  expect(() => make(...args, { ...needed[name], shape: [2, 1] })).toThrow(ArgumentError);
});

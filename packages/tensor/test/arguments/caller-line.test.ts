// Errors tell the line of the caller, however deep in the package they are found.
import {
  concat,
  crossEntropy,
  einsum,
  encodeMatrix,
  int8,
  layerNorm,
  ones,
  stack,
  tensor,
  TensorError,
  type Tensor,
} from '@espalier/tensor';
import { expect, test } from 'vitest';

const some = (): Tensor => ones([4, 3]).upTo(0, tensor(2, { dtype: 'i32' }));
const whole = tensor([
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
  [0, 0, 0],
]);
const matrix = await encodeMatrix(ones([3, 2]), int8);

const wrong: Readonly<Record<string, () => unknown>> = {
  add: () => some().add(whole),
  slice: () => some().narrow(0, 0, 1),
  select: () => some().select(0, 1),
  flip: () => some().flip(0),
  split: () => some().split(2),
  stack: () => stack([some(), some()]),
  concat: () => concat([some(), whole], 1),
  einsum: () => einsum('ii->i', ones([3, 3]).upTo(0, tensor(2, { dtype: 'i32' }))),
  'cross-entropy': () => crossEntropy(some(), tensor([0, 1, 2, 0], { dtype: 'i32' })),
  'layer norm': () => layerNorm(some().requiresGradients()),
  'a matrix in a format': () => matrix.matmul(ones([4, 2])),
};

test.each(Object.entries(wrong))('%s', (_, call) => {
  const { stackTraceLimit } = Error;
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(TensorError);
  expect((error as Error).stack).toContain('caller-line.test.ts');
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
});

test('whoever wants no stack, or a longer one, has that', () => {
  const { stackTraceLimit } = Error;
  try {
    for (const limit of [0, 50]) {
      Error.stackTraceLimit = limit;
      expect(new TensorError('f', 'x').stack?.includes('caller-line')).toBe(limit > 0);
      expect(Error.stackTraceLimit).toBe(limit);
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
});

import {
  assignAt,
  compile,
  concat,
  csr,
  encodeMatrix,
  noGrad,
  ones,
  tensor,
  zeros,
  type Tensor,
} from '@espalier/tensor';
import { expect, test } from 'vitest';

const length = (value: number): Tensor => tensor(value, { dtype: 'i32' });
const bounded = (): Tensor => ones([2, 3]).upTo(1, length(2));

const whole = (): Tensor =>
  tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

const refused: Readonly<Record<string, readonly [() => unknown, string]>> = {
  'a length beyond the size': [() => ones([3]).upTo(0, length(4)), 'the length is 4'],
  'a negative length': [() => ones([3]).upTo(0, length(-1)), 'the length is -1'],
  'a fractional length': [() => ones([3]).upTo(0, tensor(1.5)), 'indices are f32'],
  'a number beyond the size': [() => ones([3]).upTo(0, 4), 'the length is 4'],
  'two lengths of one axis': [() => bounded().upTo(1, length(1)), 'has a length already'],
  'lengths that are not the same': [() => bounded().add(bounded()), 'have not the same length'],
  'a whole tensor beside one with a length': [() => bounded().add(whole()), 'have not the same length'],
  'a product over different lengths': [() => bounded().matmul(whole().t()), 'have not the same length'],
  'axes that are joined': [() => bounded().flatten(), 'join or split it'],
  'dropping the axis': [() => ones([1, 3]).upTo(0, length(1)).squeeze(0), 'squeeze, join or split it'],
  'a reshape in which several axes of size 1 may be it': [
    () => ones([1, 3]).upTo(0, length(1)).reshape(1, 1, 3),
    'use unsqueeze and squeeze',
  ],
  'a slice of the axis': [() => bounded().narrow(1, 0, 1), 'slice it'],
  'running sums': [() => bounded().cumsum(1), 'does not take a tensor with a length'],
  'joining what has another length beside the axis': [
    () => concat([bounded(), whole()], 0),
    'have not the same length',
  ],
  'joining what gradients are tracked of': [
    () => concat([bounded(), whole().requiresGradients()], 1),
    'gradients do not pass',
  ],
  padding: [
    () =>
      bounded().pad([
        [0, 0],
        [1, 1],
      ]),
    'join it with concat',
  ],
  'single elements along another length': [
    () => bounded().gather(0, tensor([[0, 0, 0]], { dtype: 'i32' })),
    'has a length and the index',
  ],
  sorting: [() => bounded().sort(1), 'does not take a tensor with a length'],
  'scattered additions': [
    () =>
      whole().scatterAdd(
        1,
        tensor(
          [
            [0, 0, 0],
            [0, 0, 0],
          ],
          { dtype: 'i32' },
        ).upTo(1, length(2)),
        bounded(),
      ),
    'does not take a tensor with a length',
  ],
  'an index that is none among those that there are': [
    () => whole().take(tensor([0, 7, 99], { dtype: 'i32' }).upTo(0, length(2)), 0),
    'index 7 (number 1 of 2)',
  ],
  'tracked gradients': [() => ones([3]).requiresGradients().upTo(0, length(1)), 'gradients do not pass'],
  'assigning what has a length': [() => zeros([2, 3]).assign(bounded()), 'assignAt'],
  'writing into what has a length': [() => assignAt(bounded(), 0, 0, ones([1, 3])), 'has a length'],
  'a position without room': [() => assignAt(zeros([4, 2]), 0, 3, ones([2, 2])), 'the position is 3'],
  'a position tensor without room': [() => assignAt(zeros([4, 2]), 0, length(3), ones([2, 2])), 'the position is 3'],
  'a position without room for the length of the value': [
    () => assignAt(zeros([4, 2]), 0, 3, ones([3, 2]).upTo(0, length(2))),
    'the position is 3 and the value has the length 2; along an axis of size 4 it fits from 0 to 2',
  ],
  'a part of another shape': [() => assignAt(zeros([4, 2]), 0, 0, ones([1, 3])), 'sizes are equal'],
  'a part of another dtype': [() => assignAt(zeros([4, 2]), 0, 0, ones([1, 2], { dtype: 'i32' })), 'cast it first'],
};

test.each(Object.entries(refused))('%s is refused by name', (_, [call, says]) => {
  expect(call).toThrow(says);
});

test('a step checks the lengths and positions that it is given, at each call', () => {
  const cache = zeros([4]);
  const step = compile((at: Tensor, n: Tensor) => {
    assignAt(cache, 0, at, ones([1]));
    return cache.upTo(0, n).sum();
  });
  expect(step(length(0), length(4)).itemSync()).toBe(1);
  expect(() => step(length(4), length(4))).toThrow('the position is 4');
  expect(() => step(length(0), length(5))).toThrow('the length is 5');
  expect(step(length(3), length(4)).itemSync()).toBe(2);
  expect(step.recordings).toBe(1);
});

test('a step checks at each call that position and length of a value leave room, as far as it is told them', () => {
  const [cache, kept] = [zeros([4]), length(1)];
  const write = compile((at: Tensor, n: Tensor) => assignAt(cache, 0, at, ones([3]).upTo(0, n)));
  const writeKept = compile((at: Tensor) => assignAt(cache, 0, at, ones([3]).mul(2).upTo(0, kept)));
  write(length(1), length(3));
  expect(cache.arraySync()).toEqual([0, 1, 1, 1]);
  expect(() => write(length(2), length(3))).toThrow('the position is 2 and the value has the length 3');
  expect(() => write(length(4), length(1))).toThrow('the position is 4');
  writeKept(length(3));
  expect(cache.arraySync()).toEqual([0, 1, 1, 2]);
  kept.assign(length(2));
  expect(() => writeKept(length(3))).toThrow('the value has the length 2');
  writeKept(length(0));
  expect(cache.arraySync()).toEqual([2, 2, 1, 2]);
  // Where the step computes the position, the value is moved to where it fits.
  compile((at: Tensor, n: Tensor) => assignAt(cache, 0, at.add(2), ones([3]).mul(3).upTo(0, n)))(length(1), length(2));
  expect(cache.arraySync()).toEqual([2, 2, 3, 3]);
  expect([write.recordings, writeKept.recordings]).toEqual([1, 1]);
});

test('a step checks at each call what its surroundings hold: they may have been given other values', () => {
  const [cache, at, n, picks] = [zeros([4]), length(1), length(2), tensor([0, 3], { dtype: 'i32' })];
  const write = compile((value: Tensor) => assignAt(cache, 0, at, value));
  const read = compile((x: Tensor) => x.upTo(0, n).sum());
  const take = compile((x: Tensor) => x.take(picks, 0).sum());
  const unused = compile((x: Tensor) => {
    x.take(picks, 0);
    return x.mul(2);
  });
  const calls = [() => write(ones([1])), () => read(ones([4])), () => take(ones([4])), () => unused(ones([4]))];
  for (const call of calls) call();
  at.assign(length(4));
  n.assign(length(5));
  picks.assign(tensor([0, 4], { dtype: 'i32' }));
  const says = ['the position is 4', 'the length is 5', 'index 4 (number 1 of 2)', 'index 4'];
  for (const [which, call] of calls.entries()) expect(call).toThrow(says[which]);
  expect(cache.arraySync()).toEqual([0, 1, 0, 0]);
  at.assign(length(3));
  n.assign(length(4));
  for (const call of calls.slice(0, 2)) call();
  expect(cache.arraySync()).toEqual([0, 1, 0, 1]);
  picks.dispose();
  expect(unused(ones([4])).arraySync()).toEqual([2, 2, 2, 2]);
});

test.each([
  ['u8', []],
  ['u32', []],
  ['i8', [1]],
  ['i32', [1, 1]],
] as const)('one scalar, of %s %j, is one length however often it is taken', (dtype, shape) => {
  const count = tensor(2, { dtype }).reshape(shape);
  const x = tensor([1, 2, 3]);
  expect(x.upTo(0, count).add(x.mul(10).upTo(0, count)).arraySync()).toEqual([11, 22]);
  const step = compile((a: Tensor, n: Tensor) => a.upTo(0, n).mul(2).matmul(a.upTo(0, n)));
  expect([2, 0, 3].map((n) => step(x, tensor(n, { dtype }).reshape(shape)).itemSync())).toEqual([10, 0, 28]);
  expect(step.recordings).toBe(1);
  const other = tensor(258, { dtype: 'i32' });
  const wide = ones([300]).cumsum(0);
  expect(() => wide.upTo(0, other).add(wide.upTo(0, other.cast('u8')))).toThrow('have not the same length');
});

test('what reads all elements of a shape takes no tensor that may have fewer', async () => {
  await expect(encodeMatrix(bounded(), csr)).rejects.toThrow(
    'encodeMatrix: the matrix is a Tensor; it must be a tensor without a length',
  );
});

test('what lies behind a length is no index', () => {
  const given = tensor([2, 1, 99], { dtype: 'i32' });
  const x = tensor([10, 20, 30]);
  expect(x.take(given.upTo(0, length(2)), 0).arraySync()).toEqual([30, 20]);
  const read = given.upTo(0, length(2));
  expect(read.arraySync()).toEqual([2, 1]);
  expect(x.take(read, 0).arraySync()).toEqual([30, 20]);
  expect(x.gather(0, given.upTo(0, length(1))).arraySync()).toEqual([30]);
});

test('weights that want gradients take lengths where none are tracked', () => {
  const weight = ones([3, 2]).requiresGradients();
  expect(
    noGrad(() =>
      bounded()
        .t()
        .matmul(ones([2, 2]))
        .matmul(weight.t()),
    ).arraySync(),
  ).toEqual([
    [4, 4, 4],
    [4, 4, 4],
  ]);
});

test('a step takes arguments that have lengths, and tells results of one length from those of another', () => {
  const step = compile((x: Tensor, n: Tensor) =>
    x
      .mul(2)
      .add(x.upTo === undefined ? 0 : 1)
      .sub(n.cast('f32')),
  );
  const n = length(2);
  const x = tensor([1, 2, 3]).upTo(0, n);
  const first = step(x, n);
  const second = step(tensor([4, 5, 6]).upTo(0, length(3)), length(1));
  expect(first.arraySync()).toEqual([1, 3]);
  expect(second.arraySync()).toEqual([8, 10, 12]);
});

test('old values that somebody still needs stay theirs when a part is written', () => {
  const cache = zeros([2, 2]);
  const old = cache.detach();
  const later = cache.add(1);
  assignAt(cache, 0, 1, ones([1, 2]));
  expect([old.arraySync(), later.arraySync(), cache.arraySync()]).toEqual([
    [[0, 0], [0, 0]],
    [[1, 1], [1, 1]],
    [[0, 0], [1, 1]],
  ]); // prettier-ignore
});

import { ArgumentError, einsum, ones, ShapeError, tensor, type Shape, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const counted = (shape: Shape): Tensor => {
  const size = shape.reduce((product, part) => product * part, 1);
  return tensor(Array.from({ length: size }, (_, index) => ((index * 7) % 11) - 5)).reshape(shape);
};

test('an ellipsis is as many letters, aligned at the last axis', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
      fc.integer({ min: 0, max: 3 }),
      (lead, cut) => {
        const [left, right] = [counted([...lead, 2, 3]), counted([...lead.slice(cut), 3, 2])];
        const letters = 'abc'.slice(0, lead.length);
        const named = `${letters}ij,${letters.slice(cut)}jk->${letters}ik`;
        expect(einsum('...ij,...jk->...ik', left, right).arraySync()).toEqual(einsum(named, left, right).arraySync());
        expect(einsum('...ij,...jk', left, right).arraySync()).toEqual(einsum(named, left, right).arraySync());
      },
    ),
  );
});

test('an axis of size 1 is repeated to the size that its letter has elsewhere', () => {
  const [row, matrix] = [counted([1, 3]), counted([2, 3])];
  expect(einsum('ij,ij->ij', row, matrix).arraySync()).toEqual(row.mul(matrix).arraySync());
  expect(einsum('ij,ij->', row, matrix).itemSync()).toBe(row.mul(matrix).sum().itemSync());
  expect(einsum('...j,...j->...', row, matrix).arraySync()).toEqual(row.mul(matrix).sum(-1).arraySync());
});

test('axes of an ellipsis that the result leaves out are summed', () => {
  expect(einsum('...j->j', ones([2, 3, 4])).arraySync()).toEqual([6, 6, 6, 6]);
});

test.each([
  ['ij->k', [2, 2], ArgumentError],
  ['ij->ii', [2, 2], ArgumentError],
  ['i....', [2, 2], ArgumentError],
  ['...i...->i', [2, 2], ArgumentError],
  ['ij->j->i', [2, 2], ArgumentError],
  ['i1', [2, 2], ArgumentError],
  ['ijk...', [2, 2], ShapeError],
  ['ii->i', [2, 3], ShapeError],
  ['ii->i', [2, 1], ShapeError],
] as const)('%s on [%s] is refused', (equation, shape, type) => {
  expect(() => einsum(equation, ones(shape))).toThrow(type);
});

test('one letter has one size', () => {
  expect(() => einsum('ij,jk', ones([2, 3]), ones([4, 5]))).toThrow("'j' stands for both 3 and 4");
});

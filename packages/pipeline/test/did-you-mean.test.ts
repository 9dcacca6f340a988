import { expect, test } from 'vitest';
import { nearest, suggestion } from '../src/text/did-you-mean.ts';

const known = ['first', 'second', 'tpe'];

test.each([
  ['firts', 'first'],
  ['frist', 'first'],
  ['FIRST', 'first'],
  ['fist', 'first'],
  ['tep', 'tpe'],
  ['scnd', undefined],
  ['third', undefined],
])('%s is meant to be %s', (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});

test('all are named beside the nearest', () => {
  expect(suggestion('secnd', known)).toBe("did you mean 'second'? use one of first, second, tpe");
  expect(suggestion('x', known)).toBe('use one of first, second, tpe');
});

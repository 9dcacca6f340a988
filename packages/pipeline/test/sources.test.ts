// Which texts name data by themselves.
import { isWholeSource } from '@espalier/pipeline';
import '@espalier/pipeline/node';
import { expect, test } from 'vitest';

test('a source is named where it needs to be told nothing; what must be told where its files are may be a folder', () => {
  expect(isWholeSource('mnist')).toBe(true);
  for (const name of ['pictures', 'text', 'idx', 'table', 'no such source']) expect(isWholeSource(name)).toBe(false);
});

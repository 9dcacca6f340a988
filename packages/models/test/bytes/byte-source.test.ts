// Bytes that are read belong to who reads them, whatever they lie in.
import { expect, test } from 'vitest';
import { bytesOf } from '../../src/index.ts';

test('a Buffer of Node gives a buffer of its own', async () => {
  const memory = Buffer.from([1, 2, 3, 4, 5]);
  const read = await bytesOf(memory).read(1, 3);
  expect(read).toEqual(new Uint8Array([2, 3, 4]));
  expect([read.byteOffset, read.buffer.byteLength]).toEqual([0, 3]);
  read[0] = 9;
  expect(memory[1]).toBe(2);
});

// The window of a Brotli stream is as large as what it unpacks to, and what it unpacks to is the same.
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { expect, test } from 'vitest';
import { fitWindow } from '../../src/table/columnar/brotli-window.ts';

const windowOf = (bytes: Uint8Array): number => 17 + (((bytes[0] as number) >> 1) & 7);
const text = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * index) % 251);

test.each([
  [1000, 24, 18],
  [1000, 22, 18],
  [300_000, 24, 19],
  [2 ** 19 - 16, 22, 19],
  [2 ** 19 - 15, 22, 20],
  [5_000_000, 24, 23],
])('%i bytes in a window of 2^%i take one of 2^%i', (length, window, fitting) => {
  const packed = brotliCompressSync(text(length), {
    params: {
      [constants.BROTLI_PARAM_LGWIN]: window,
      [constants.BROTLI_PARAM_QUALITY]: 5,
      [constants.BROTLI_PARAM_SIZE_HINT]: 2 ** 24,
    },
  });
  expect(windowOf(packed)).toBe(window);
  const fitted = fitWindow(packed, length);
  expect(windowOf(fitted)).toBe(fitting);
  expect(brotliDecompressSync(fitted).equals(text(length))).toBe(true);
});

test('a stream whose window is small, or none at all, is left alone', () => {
  const packed = brotliCompressSync(text(1000), { params: { [constants.BROTLI_PARAM_LGWIN]: 16 } });
  expect(fitWindow(packed, 1000)).toBe(packed);
  const nothing = new Uint8Array(0);
  expect(fitWindow(nothing, 0)).toBe(nothing);
});

// Blocks are those of llama.cpp, and mean what gguf says, to the last bit; what has no block is refused.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ArgumentError } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { blockTypes, decodeBlocks, encodeBlocks, fileDType } from '../../src/index.ts';
import { kinds, numbers } from './weights.ts';

interface Golden {
  readonly count: number;
  readonly encoded: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly decoded: Readonly<Record<string, string>>;
}

const golden = JSON.parse(readFileSync(new URL('../golden/blocks.json', import.meta.url), 'utf8')) as Golden;
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 24);
const weights = kinds(golden.count);

test('all types and kinds of weights have their digests', () => {
  expect(Object.keys(golden.decoded).toSorted()).toEqual(blockTypes.toSorted());
  expect(Object.keys(golden.encoded).toSorted()).toEqual(Object.keys(weights).toSorted());
});

describe.each(blockTypes)('%s', (type) => {
  test.each(Object.keys(weights))('has the blocks of llama.cpp for %s weights', (kind) => {
    const blocks = encodeBlocks(type, weights[kind] as Float32Array);
    expect(digest(blocks)).toBe(golden.encoded[kind]?.[type]);
  });

  test('means what gguf reads', () => {
    const { elements, bits } = fileDType(type) as { elements: number; bits: number };
    const random = numbers(4, (golden.count / elements) * (bits / 8));
    const bytes = Uint8Array.from(random, (number) => (number >>> 16) & 0xbf);
    expect(digest(new Uint8Array(decodeBlocks(type, bytes).buffer))).toBe(golden.decoded[type]);
  });

  test('refuses what has no block', () => {
    const { elements } = fileDType(type) as { elements: number };
    const one = (value: number): Float32Array => new Float32Array(elements).fill(value, 3, 4);
    for (const value of [NaN, Infinity, -Infinity, 2 ** 31])
      expect(() => encodeBlocks(type, one(value))).toThrow(`weight 3 is ${value}`);
    expect(() => encodeBlocks(type, new Float32Array(elements + 1))).toThrow(ArgumentError);
    expect(() => decodeBlocks(type, new Uint8Array(3))).toThrow('3 bytes are no whole blocks');
    expect(encodeBlocks(type, new Float32Array(0))).toHaveLength(0);
    expect(decodeBlocks(type, new Uint8Array(0))).toHaveLength(0);
  });

  test('gives what is in blocks back: zeros, and twice the same', () => {
    const { elements } = fileDType(type) as { elements: number };
    expect(decodeBlocks(type, encodeBlocks(type, new Float32Array(elements))).every((value) => value === 0)).toBe(true);
    const [least, largest] = [-0.5, 0.5].map((end) =>
      decodeBlocks(
        type,
        encodeBlocks(
          type,
          Float32Array.from({ length: elements }, (_, index) => (index % 3 === 0 ? end : 0)),
        ),
      ),
    );
    expect(least?.[0]).toBeCloseTo(-0.5, 1);
    expect(largest?.[0]).toBeCloseTo(0.5, 1);
  });
});

test('weights that a scale of 16 bits does not reach are refused, not infinite', () => {
  const large = new Float32Array(32).fill(2 ** 30);
  expect(() => encodeBlocks('Q8_0', large)).toThrow('weights from 0 on are too large');
  expect(() => encodeBlocks('Q4_1', large)).toThrow('weights from 0 on are too large');
  expect(() => encodeBlocks('F32', large)).toThrow("it must be one of 'Q4_0'");
});

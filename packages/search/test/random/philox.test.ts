import { expect, it } from 'vitest';
import { philox4x32, type Counter, type Key } from '../../src/random/philox.ts';
import { hashText } from '../../src/random/hash.ts';

/** From the known-answer file of Random123, the authors' own library. */
const knownAnswers: readonly (readonly [Counter, Key, Counter])[] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

it.each(knownAnswers)('philox4x32-10 of counter %j and key %j', (counter, key, answer) => {
  expect(philox4x32(counter, key)).toEqual(answer);
});

it.each([
  ['', 0xcbf29ce484222325n],
  ['a', 0xaf63dc4c8601ec8cn],
  ['foobar', 0x85944171f73967e8n],
])('FNV-1a of %j', (text, answer) => {
  const [low, high] = hashText(text);
  expect((BigInt(high) << 32n) | BigInt(low)).toBe(answer);
});

it.each(['lr', 'naïve', '☃', '𝒳', '\u07ff\u0800\uffff'])('hashes the UTF-8 bytes of %j', (text) => {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  const [low, high] = hashText(text);
  expect((BigInt(high) << 32n) | BigInt(low)).toBe(hash);
});

it('goes on from a hash as if the texts were one', () => {
  expect(hashText('☃/lr', hashText('optimizer'))).toEqual(hashText('optimizer☃/lr'));
});

import fc from 'fast-check';
import { byteCount, bytesOfTokens, decodeTokens, encodeText, learnBytePairs } from '@espalier/data';
import { expect, test } from 'vitest';

const text = 'the cat and the hat and the bat, the end. Ähren und ähnliche Ähren';

test('what occurs together most often becomes one token, in an order that is the same each time', () => {
  const pairs = learnBytePairs(text, byteCount + 12);
  expect(pairs).toHaveLength(12);
  expect(learnBytePairs(text, byteCount + 12)).toEqual(pairs);
  const tokens = encodeText(text, pairs);
  expect(tokens.length).toBeLessThan(encodeText(text).length);
  const words = bytesOfTokens(pairs).map((bytes) => new TextDecoder().decode(bytes));
  expect(words).toContain('the');
});

test('there are no more pairs than the text has', () => {
  expect(learnBytePairs('aaa', byteCount + 100)).toEqual([
    [97, 97],
    [256, 97],
  ]);
});

test('every text is its tokens decoded, whatever the pairs were learnt from', () => {
  const pairs = learnBytePairs(text, byteCount + 20);
  const someText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.lorem());
  fc.assert(
    fc.property(someText, (given) => {
      expect(decodeTokens(encodeText(given, pairs), pairs)).toBe(given);
      expect(decodeTokens(encodeText(given))).toBe(given);
    }),
  );
});

test('what is cut within a letter is told by a sign', () => {
  const tokens = encodeText('aä');
  expect(decodeTokens(tokens.slice(0, 2))).toBe('a\u{fffd}');
});

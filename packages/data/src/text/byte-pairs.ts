/**
 * Byte pairs: a vocabulary starts with all bytes, and the two neighbours that occur together most often become one, again and
 * again. Source: R. Sennrich et al., "Neural machine translation of rare words with subword units", ACL 2016.
 */
import { decodeUtf8, encodeUtf8 } from '@espalier/nn/format';
import { aPositiveInteger, aText, check } from '@espalier/tensor/arguments';
import { findNonUtf8 } from '../bytes/utf8.ts';

/** How many tokens there are before any pair. */
export const byteCount = 256;

/** Words with the blank before them; punctuation, and other blanks, by themselves. */
const words = / ?\w+| ?[^\s\w]+|\s/g;

/** Pairs that become one token, the first ones first; the token of pair n is 256 + n. */
export type BytePairs = readonly (readonly [left: number, right: number])[];

interface Word {
  tokens: number[];
  readonly count: number;
}

const keyOf = (left: number, right: number): number => left * 65_536 + right;

/** The neighbours of some tokens, by their keys. */
const pairsOf = (tokens: readonly number[]): number[] =>
  tokens.slice(1).map((token, place) => keyOf(tokens[place] ?? 0, token));

/** Learns pairs from a text, until there are so many tokens; of equally frequent pairs the lowest comes first. */
export function learnBytePairs(text: string, tokens: number): BytePairs {
  check('learnBytePairs', 'text', text, aText);
  check('learnBytePairs', 'tokens', tokens, aPositiveInteger);
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const all: Word[] = [...counts].map(([word, count]) => ({ tokens: [...encodeUtf8(word)], count }));
  const seen = new Map<number, { count: number; readonly words: Set<Word> }>();
  const note = (word: Word, sign: 1 | -1): void => {
    for (const key of pairsOf(word.tokens)) {
      const pair = seen.get(key) ?? { count: 0, words: new Set() };
      pair.count += sign * word.count;
      if (sign > 0) pair.words.add(word);
      seen.set(key, pair);
    }
  };
  for (const word of all) note(word, 1);
  const pairs: [number, number][] = [];
  while (pairs.length < tokens - byteCount) {
    let [best, most] = [-1, 0];
    for (const [key, { count }] of seen)
      if (count > most || (count === most && key < best)) [best, most] = [key, count];
    if (most === 0) break;
    const pair = [Math.floor(best / 65_536), best % 65_536] as [number, number];
    for (const word of seen.get(best)?.words ?? []) {
      note(word, -1);
      word.tokens = merged(word.tokens, pair, byteCount + pairs.length);
      note(word, 1);
    }
    seen.delete(best);
    pairs.push(pair);
  }
  return pairs;
}

/** A text as tokens: without pairs, the bytes of its UTF-8. */
export function encodeText(text: string, pairs: BytePairs = []): Int32Array {
  if (pairs.length === 0) return Int32Array.from(encodeUtf8(text));
  const ranks = new Map(pairs.map(([left, right], rank) => [keyOf(left, right), rank]));
  const known = new Map<string, readonly number[]>();
  const found: number[] = [];
  for (const [word] of text.matchAll(words)) {
    let tokens = known.get(word);
    if (!tokens) known.set(word, (tokens = encodeWord([...encodeUtf8(word)], ranks, pairs)));
    for (const token of tokens) found.push(token);
  }
  return Int32Array.from(found);
}

function encodeWord(bytes: readonly number[], ranks: ReadonlyMap<number, number>, pairs: BytePairs): readonly number[] {
  let tokens = bytes;
  for (;;) {
    const first = pairsOf(tokens).reduce((least, key) => Math.min(least, ranks.get(key) ?? Infinity), Infinity);
    const pair = pairs[first];
    if (!pair) return tokens;
    tokens = merged(tokens, pair, byteCount + first);
  }
}

function merged(tokens: readonly number[], [left, right]: readonly [number, number], token: number): number[] {
  const result: number[] = [];
  let isPair = false;
  for (const [place, each] of tokens.entries()) {
    // The right one of a pair is in it already.
    const isRight: boolean = isPair;
    isPair = !isRight && each === left && tokens[place + 1] === right;
    if (!isRight) result.push(isPair ? token : each);
  }
  return result;
}

/** The bytes that each token stands for. */
export function bytesOfTokens(pairs: BytePairs): readonly Uint8Array[] {
  const made: Uint8Array[] = Array.from({ length: byteCount }, (_, byte) => Uint8Array.of(byte));
  for (const [left, right] of pairs) made.push(Uint8Array.of(...(made[left] ?? []), ...(made[right] ?? [])));
  return made;
}

/** The text of tokens; what is no UTF-8, as where a letter was cut, becomes the sign for that. */
export function decodeTokens(tokens: ArrayLike<number>, pairs: BytePairs = []): string {
  const bytes = bytesOfTokens(pairs);
  const all = Uint8Array.from(Array.from(tokens).flatMap((token) => [...(bytes[token] ?? [])]));
  let [text, start] = ['', 0];
  for (;;) {
    const odd = findNonUtf8(all, start, all.length);
    text += decodeUtf8(all, start, odd < 0 ? all.length : odd) ?? '';
    if (odd < 0) return text;
    text += '\u{fffd}';
    start = odd + 1;
  }
}

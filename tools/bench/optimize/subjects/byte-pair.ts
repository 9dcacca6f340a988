/**
 * Byte pairs: the vocabulary starts with all bytes, and the two neighbours that occur together most often become one, again and
 * again. Source: R. Sennrich et al., "Neural machine translation of rare words with subword units", ACL 2016.
 */

/** Words with the blank before them; punctuation, and other blanks, by themselves. */
const words = / ?\w+| ?[^\s\w]+|\s/g;

/** Pairs that become one token, the first ones first; the token of pair n is 256 + n. */
export type Merges = readonly (readonly [left: number, right: number])[];

interface Word {
  tokens: number[];
  readonly count: number;
}

const keyOf = (left: number, right: number): number => left * 65_536 + right;

/** The neighbours of some tokens, by their keys. */
const pairsOf = (tokens: readonly number[]): number[] =>
  tokens.slice(1).map((token, place) => keyOf(tokens[place] ?? 0, token));

/** Learns merges from a text, until there are so many tokens; of equally frequent pairs the lowest comes first. */
export function learnMerges(text: string, tokens: number): Merges {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const all: Word[] = [...counts].map(([word, count]) => ({ tokens: [...Buffer.from(word)], count }));
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
  const merges: [number, number][] = [];
  while (merges.length < tokens - 256) {
    let [best, most] = [-1, 0];
    for (const [key, { count }] of seen)
      if (count > most || (count === most && key < best)) [best, most] = [key, count];
    if (most === 0) break;
    const pair = [Math.floor(best / 65_536), best % 65_536] as [number, number];
    for (const word of seen.get(best)?.words ?? []) {
      note(word, -1);
      word.tokens = merged(word.tokens, pair, 256 + merges.length);
      note(word, 1);
    }
    seen.delete(best);
    merges.push(pair);
  }
  return merges;
}

/** A text as tokens. */
export function encodeText(text: string, merges: Merges): Int32Array {
  const ranks = new Map(merges.map(([left, right], rank) => [keyOf(left, right), rank]));
  const known = new Map<string, readonly number[]>();
  const found: number[] = [];
  for (const [word] of text.matchAll(words)) {
    let tokens = known.get(word);
    if (!tokens) known.set(word, (tokens = encodeWord([...Buffer.from(word)], ranks, merges)));
    for (const token of tokens) found.push(token);
  }
  return Int32Array.from(found);
}

function encodeWord(bytes: readonly number[], ranks: ReadonlyMap<number, number>, merges: Merges): readonly number[] {
  let tokens = bytes;
  for (;;) {
    const first = pairsOf(tokens).reduce((least, key) => Math.min(least, ranks.get(key) ?? Infinity), Infinity);
    const pair = merges[first];
    if (!pair) return tokens;
    tokens = merged(tokens, pair, 256 + first);
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

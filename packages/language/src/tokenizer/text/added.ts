/** Tokens that are found in a text before anything else is done with it. */
import type { AddedToken } from '../tokenizer-json.ts';

/** A piece of a text: what lies between, or a token. */
export type Piece = string | AddedToken;

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
const isWord = (character: string | undefined): boolean =>
  character !== undefined && /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u.test(character);

/** What finds some tokens, the longest where several begin; nothing of none. */
export function finderOf(tokens: ReadonlyMap<string, AddedToken>): ((text: string) => readonly Piece[]) | undefined {
  if (tokens.size === 0) return undefined;
  const longestFirst = [...tokens.keys()].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escaped).join('|'), 'gu');
  return (text) => {
    const pieces: Piece[] = [];
    let done = 0;
    // With `matchAll` a pattern of thousands of tokens would be made anew for each text.
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      // White space that the token before took along may have begun another one.
      if (match.index < done) continue;
      const token = tokens.get(match[0]) as AddedToken;
      let [start, end] = [match.index, match.index + match[0].length];
      if (token.singleWord && (isWord(last(text, start)) || isWord(first(text, end)))) continue;
      if (token.stripLeft) while (start > done && /\p{White_Space}/u.test(text[start - 1] as string)) start--;
      if (token.stripRight) while (end < text.length && /\p{White_Space}/u.test(text[end] as string)) end++;
      if (start > done) pieces.push(text.slice(done, start));
      pieces.push(token);
      done = end;
    }
    if (done < text.length) pieces.push(text.slice(done));
    return pieces;
  };
}

const last = (text: string, end: number): string | undefined =>
  Array.from(text.slice(Math.max(0, end - 2), end)).at(-1);
const first = (text: string, start: number): string | undefined => Array.from(text.slice(start, start + 2))[0];

/**
 * Where a text that is one word, as SentencePiece has them, may be cut so that its parts can be looked up: before a ▁ behind a
 * character that no token of the vocabulary has before one. Nothing is ever put together across such a place.
 */

const space = '▁';

/** What cuts a text, by what stands on both sides of the place. */
export function cutsOf(vocabulary: ReadonlyMap<string, number>): RegExp {
  const before = new Set([space]);
  for (const token of vocabulary.keys())
    for (let at = token.indexOf(space, 1); at > 0; at = token.indexOf(space, at + 1))
      before.add(Array.from(token.slice(Math.max(0, at - 2), at)).at(-1) as string);
  const points = Array.from(before, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
  return new RegExp(`(?<=[^${points.join('')}])(?=${space})`, 'u');
}

/**
 * Unigram: of all ways to put a word together of tokens the likeliest, by the logarithms of their shares. What no token
 * begins with is unknown, a character at a time, 10 below the least likely of all. Source: T. Kudo, "Subword regularization",
 * 2018.
 */
import type { Json } from '@espalier/nn';
import { encodeUtf8 } from '@espalier/nn/format';
import { fault, mostTokens, type Part } from '../tokenizer-json.ts';
import { cutsOf } from './cuts.ts';
import type { WordModel } from './model.ts';

/** How much less likely than any token what is unknown is. */
const unknownPenalty = 10;

/**
 * The model of a `tokenizer.json`.
 * @throws {FormatError} for tokens without a score, and an unknown one that is none.
 */
export function unigram(model: Part, name: string): WordModel {
  const list = model['vocab'] as readonly Json[];
  if (!Array.isArray(list) || list.length > mostTokens)
    throw fault(name, 'has a model of type Unigram whose vocab is no list of tokens');
  const vocabulary = new Map<string, number>();
  const scores = new Float64Array(list.length);
  let least = Infinity;
  let longest = 1;
  for (const [id, each] of list.entries()) {
    const [token, score] = Array.isArray(each) ? (each as readonly Json[]) : [];
    if (typeof token !== 'string' || typeof score !== 'number') throw fault(name, `has a token ${id} without a score`);
    if (!vocabulary.has(token)) vocabulary.set(token, id);
    scores[id] = score;
    least = Math.min(least, score);
    longest = Math.max(longest, token.length);
  }
  const { unk_id: unknown } = model;
  if (typeof unknown !== 'number' || !Number.isInteger(unknown) || unknown < 0 || unknown >= list.length)
    throw fault(name, 'has a model of type Unigram whose unk_id is none of its tokens');
  const bytes =
    model['byte_fallback'] === true
      ? Array.from({ length: 256 }, (_, byte) =>
          vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
        )
      : undefined;

  const idsOf = (word: string): readonly number[] => {
    const { length } = word;
    // Of the likeliest way to each place: its score, where its last token begins, and which that is.
    const best = new Float64Array(length + 1).fill(-Infinity);
    const from = new Int32Array(length + 1);
    const ids = new Int32Array(length + 1);
    best[0] = 0;
    const reach = (at: number, end: number, id: number, score: number): void => {
      const total = (best[at] as number) + score;
      if (total <= (best[end] as number)) return;
      best[end] = total;
      from[end] = at;
      ids[end] = id;
    };
    for (let at = 0; at < length;) {
      const width = (word.codePointAt(at) as number) > 0xffff ? 2 : 1;
      let isKnown = false;
      for (let end = at + width; end <= Math.min(length, at + longest); end++) {
        const id = vocabulary.get(word.slice(at, end));
        if (id === undefined || id === unknown) continue;
        isKnown ||= end === at + width;
        reach(at, end, id, scores[id] as number);
      }
      if (!isKnown) reach(at, at + width, unknown, least - unknownPenalty);
      at += width;
    }
    const found: number[] = [];
    for (let end = length; end > 0;) {
      const id = ids[end] as number;
      let start = from[end] as number;
      // Neighbours that are unknown are one, before their bytes are looked for.
      while (id === unknown && start > 0 && ids[start] === unknown) start = from[start] as number;
      const parts = id === unknown && bytes ? bytesOf(word.slice(start, end), bytes) : undefined;
      if (parts) found.push(...parts.toReversed());
      else found.push(id);
      end = start;
    }
    return found.toReversed();
  };
  return { vocabulary, unknown, fuses: true, cuts: cutsOf(vocabulary), idsOf };
}

/** The tokens of the bytes of a text, if there is one of each. */
function bytesOf(text: string, tokens: readonly (number | undefined)[]): readonly number[] | undefined {
  const ids = Array.from(encodeUtf8(text), (byte) => tokens[byte]);
  return ids.every((id): id is number => id !== undefined) ? ids : undefined;
}

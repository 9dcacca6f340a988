/** Ids of a text that comes part after part, and may be larger than memory. */
import { aText, check, ruleOf } from '@espalier/tensor/arguments';
import { aTokenizer } from '../tokenizer/rules.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** Texts: one, or such as follow each other. */
export type TextStream = Iterable<string> | AsyncIterable<string>;

/** Characters that are encoded together, about. */
const block = 2 ** 18;
/** Characters on each side that tell whether a text may be cut, and places where that is tried. */
const [around, tries] = [200, 64];

const someParts = ruleOf<TextStream>(
  'texts that follow each other',
  (value) =>
    typeof value === 'string' ||
    (typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)),
);

const isSame = (a: Int32Array, b: Int32Array, c: Int32Array): boolean =>
  a.length === b.length + c.length && b.every((id, at) => id === a[at]) && c.every((id, at) => id === a[b.length + at]);

/**
 * Where a text can be cut, after a letter and before a space, so that its parts have the ids of the whole: tried out on what is
 * around. Undefined where there is no such place, as of vocabularies that take the beginning of a text for that of a word.
 */
function placeToCut(tokenizer: Tokenizer, text: string): number | undefined {
  const encode = (part: string): Int32Array => tokenizer.encode(part, { frame: false });
  const between = /(?<=\p{L}) (?=\p{L})/gu;
  between.lastIndex = block;
  for (let tried = 0; tried < tries; tried++) {
    const at = between.exec(text)?.index;
    if (at === undefined) return undefined;
    const [left, right] = [text.slice(Math.max(0, at - around), at), text.slice(at, at + around)];
    if (isSame(encode(left + right), encode(left), encode(right))) return at;
  }
  return undefined;
}

/** The ids that a tokenizer puts before every text, such as the one that begins it. */
export function idsBefore(tokenizer: Tokenizer): Int32Array {
  check('idsBefore', 'tokenizer', tokenizer, aTokenizer);
  const [framed, plain] = [tokenizer.encode('a'), tokenizer.encode('a', { frame: false })];
  for (let at = 0; at + plain.length <= framed.length; at++)
    if (plain.every((id, index) => id === framed[at + index])) return framed.slice(0, at);
  return new Int32Array(0);
}

/**
 * The ids of a text, part after part: those of the whole, with what the model wants before a text, and nothing behind. Special tokens
 * that are written in it are texts like any other. Memory is that of a part, unless the vocabulary lets texts be cut nowhere.
 *
 * @example
 * const { perplexity } = await measurePerplexity(module, encodeParts(tokenizer, readTextStream('book.txt')));
 */
export async function* encodeParts(tokenizer: Tokenizer, parts: TextStream): AsyncGenerator<Int32Array, void> {
  check('encodeParts', 'tokenizer', tokenizer, aTokenizer);
  check<TextStream>('encodeParts', 'the parts', parts, someParts);
  const before = idsBefore(tokenizer);
  if (before.length > 0) yield before;
  let [text, wanted] = ['', 2 * block];
  for await (const part of typeof parts === 'string' ? [parts] : parts) {
    text += check('encodeParts', 'a part', part, aText);
    while (text.length >= wanted) {
      const at = placeToCut(tokenizer, text);
      if (at === undefined) {
        wanted = 2 * text.length;
        break;
      }
      yield tokenizer.encode(text.slice(0, at), { frame: false });
      text = text.slice(at);
      wanted = 2 * block;
    }
  }
  if (text !== '') yield tokenizer.encode(text, { frame: false });
}

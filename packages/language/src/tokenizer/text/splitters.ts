/**
 * What cuts a text into words. Done here where the library's white space is that of JavaScript, which lacks U+0085 and has
 * U+FEFF, its digits those of ASCII, or where a word is to be cut and not yet written as bytes.
 */
import { fault, partsWithin, type Part } from '../tokenizer-json.ts';
import { librarySplitter, problemOf } from './library.ts';
import { formerPunctuation, newerPunctuation } from './since-unicode-8.ts';

/** Words of a text; `section` is the number of what lies between added tokens. */
export type Splitter = (text: string, section: number) => readonly string[];

/** Source: OpenAI's GPT-2. */
const ofGpt2 =
  /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const signs = String.raw`\p{P}\u0021-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u007E`;
const punctuation = String.raw`[[${signs}${formerPunctuation}]--[${newerPunctuation}]]`;
const ofBert = new RegExp(String.raw`[^\p{White_Space}${punctuation}]+|${punctuation}`, 'gv');
const byPunctuation = new RegExp(String.raw`[^${punctuation}]+|${punctuation}`, 'gv');

const matching =
  (pattern: RegExp): Splitter =>
  (text) =>
    text.match(pattern) ?? [];

/** Words are written as bytes by the model. */
function byteLevel(part: Part): Splitter {
  const split: Splitter = part['use_regex'] === false ? (text) => [text] : matching(ofGpt2);
  if (part['add_prefix_space'] === false) return split;
  return (text, section) => split(/^\p{White_Space}/u.test(text) ? text : ` ${text}`, section);
}

type Make = (part: Part, name: string) => Splitter;

const own: Readonly<Record<string, Make>> = {
  BertPreTokenizer: () => matching(ofBert),
  ByteLevel: byteLevel,
  Digits: (part) => matching(part['individual_digits'] === true ? /\p{N}|\P{N}+/gu : /\p{N}+|\P{N}+/gu),
  Punctuation: () => matching(byPunctuation),
  Sequence: (part, name) => {
    const splitters = partsWithin(part).map((each) => splitterOf(each, name));
    return (text, section) =>
      splitters.reduce<readonly string[]>((words, split) => words.flatMap((word) => split(word, section)), [text]);
  },
  Whitespace: () => matching(/[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{White_Space}]+/gu),
  WhitespaceSplit: () => matching(/\P{White_Space}+/gu),
};

/** @throws {FormatError} for a type that nobody knows, and a pattern that is none. */
export function splitterOf(part: Part | null, name: string): Splitter {
  if (part === null) return (text) => [text];
  const make = Object.hasOwn(own, part.type) ? own[part.type] : undefined;
  const splitter = make ? make(part, name) : librarySplitter(part);
  if (splitter) return splitter;
  throw fault(name, `has a pre_tokenizer of type ${JSON.stringify(part.type).slice(0, 40)}, ${problemOf(part)}`);
}

/** Whether words are written as bytes in the end. */
export function isOfBytes(part: Part | null): boolean {
  if (part === null) return false;
  return part.type === 'ByteLevel' || (part.type === 'Sequence' && partsWithin(part).some(isOfBytes));
}

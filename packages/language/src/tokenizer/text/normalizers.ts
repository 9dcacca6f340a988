/**
 * What is done to a text before it is split. Those parts that the library does otherwise than the files mean are done here:
 * lower case by character (a capital Σ that ends a word is σ, not ς), white space as Unicode says, ideographs beyond U+FFFF,
 * and the tables of SentencePiece.
 */
import { fault, partsWithin, textIn, type Part } from '../tokenizer-json.ts';
import { libraryNormalizer, problemOf } from './library.ts';
import { precompiled } from './precompiled.ts';
import { formerMarks, newerFormats, newerMarks } from './since-unicode-8.ts';

/** A text before and after. */
export type Normalizer = (text: string) => string;

/** Lower case of each character by itself. */
export const lowered = (text: string): string => text.replaceAll('Σ', 'σ').toLowerCase();

const marks = new RegExp(String.raw`(?![${newerMarks}])\p{Mn}|[${formerMarks}]`, 'gu');
const withoutAccents: Normalizer = (text) => text.normalize('NFD').replaceAll(marks, '');

const ideographs =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;
const invisible = new RegExp(String.raw`[\0\uFFFD]|(?![\t\n\r${newerFormats}])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]`, 'gu');

/** Source: BERT's tokenizer. */
function bert(part: Part): Normalizer {
  const steps: Normalizer[] = [];
  const lowers = part['lowercase'] !== false;
  if (part['clean_text'] !== false)
    steps.push((text) => text.replaceAll(invisible, '').replaceAll(/\p{White_Space}/gu, ' '));
  if (part['handle_chinese_chars'] !== false) steps.push((text) => text.replaceAll(ideographs, ' $& '));
  if (part['strip_accents'] ?? lowers) steps.push(withoutAccents);
  if (lowers) steps.push(lowered);
  return inOrder(steps);
}

const inOrder =
  (steps: readonly Normalizer[]): Normalizer =>
  (text) =>
    steps.reduce((so, step) => step(so), text);

const strip =
  (part: Part): Normalizer =>
  (text) => {
    const left = part['strip_left'] === true ? text.replace(/^\p{White_Space}+/u, '') : text;
    return part['strip_right'] === true ? left.replace(/\p{White_Space}+$/u, '') : left;
  };

/** An empty text stays one. */
function prepend(part: Part, name: string): Normalizer {
  const before = textIn(part, 'prepend', '', name);
  return (text) => (text === '' ? '' : before + text);
}

type Make = (part: Part, name: string) => Normalizer;

const own: Readonly<Record<string, Make>> = {
  BertNormalizer: bert,
  Lowercase: () => lowered,
  Nmt: () => nmt,
  Precompiled: precompiled,
  Prepend: prepend,
  Sequence: (part, name) => inOrder(partsWithin(part).map((each) => normalizerOf(each, name))),
  Strip: strip,
  StripAccents: () => (text) => text.replaceAll(/\p{M}/gu, ''),
};

/** Source: the rules of SentencePiece named nmt. */
const nmt: Normalizer = (text) =>
  text
    .replaceAll(/(?![\0\t\n\f\r\u0080-\u008E\u0090-\u009E])\p{Cc}/gu, '')
    .replaceAll(/[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]/gu, ' ');

/** @throws {FormatError} for a type that nobody knows. */
export function normalizerOf(part: Part | null, name: string): Normalizer {
  if (part === null) return (text) => text;
  const make = Object.hasOwn(own, part.type) ? own[part.type] : undefined;
  if (make) return make(part, name);
  return libraryNormalizer(part) ?? fail(part, name);
}

function fail(part: Part, name: string): never {
  throw fault(name, `has a normalizer of type ${JSON.stringify(part.type).slice(0, 40)}, ${problemOf(part)}`);
}

/** Parts of a tokenizer that `@huggingface/tokenizers` does as the files mean them. */
import * as untyped from '@huggingface/tokenizers';
import type { Json } from '@espalier/nn';
import { isObject, type Part } from '../tokenizer-json.ts';
import { flawOfPattern } from './patterns.ts';

type Class<Made> = new (config: never) => Made;

interface Normalizes {
  readonly normalize: (text: string) => string;
}
interface Splits {
  readonly pre_tokenize_text: (text: string, options?: { section_index?: number }) => string[];
}
interface Decodes {
  readonly decode_chain: (tokens: string[]) => string[];
}

/** What of the library is used; its own declarations name files in a way that compilers for modules do not find. */
interface Library {
  readonly ByteFallbackDecoder: Class<Decodes>;
  readonly FuseDecoder: Class<Decodes>;
  readonly MetaspacePreTokenizer: Class<Splits>;
  readonly NFCNormalizer: Class<Normalizes>;
  readonly NFDNormalizer: Class<Normalizes>;
  readonly NFKCNormalizer: Class<Normalizes>;
  readonly NFKDNormalizer: Class<Normalizes>;
  readonly ReplaceDecoder: Class<Decodes>;
  readonly ReplaceNormalizer: Class<Normalizes>;
  readonly SplitPreTokenizer: Class<Splits>;
  readonly StripDecoder: Class<Decodes>;
  readonly WordPieceDecoder: Class<Decodes>;
}
const library = untyped as unknown as Library;

type Holds = (value: Json | undefined) => boolean;

const isText: Holds = (value) => value === undefined || value === null || typeof value === 'string';
const isTruth: Holds = (value) => value === undefined || value === null || typeof value === 'boolean';
const isCount: Holds = (value) => value === undefined || (Number.isInteger(value) && (value as number) >= 0);
/** A text, or a regular expression. */
const isPattern: Holds = (value) =>
  isObject(value) && [value['String'], value['Regex']].some((each) => typeof each === 'string');

/** What fields have to be: the library takes whatever it is given, and fails when a text comes. */
const fieldRules: Readonly<Record<string, Holds>> = {
  behavior: isText,
  cleanup: isTruth,
  content: isText,
  invert: isTruth,
  pattern: isPattern,
  prefix: isText,
  prepend_scheme: isText,
  replacement: isText,
  start: isCount,
  stop: isCount,
  str_rep: isText,
};
const needPattern: ReadonlySet<string> = new Set(['Replace', 'Split']);

function isSound(part: Part): boolean {
  const { pattern } = part;
  if (needPattern.has(part.type) && pattern === undefined) return false;
  if (isObject(pattern) && typeof pattern['Regex'] === 'string' && flawOfPattern(pattern['Regex']) !== undefined)
    return false;
  return Object.entries(part).every(([key, value]) => !Object.hasOwn(fieldRules, key) || fieldRules[key]?.(value));
}

/** Why a part is not read that the library has; nothing where it is not known there, or wrong. */
export function problemOf(part: Part): string {
  const regex = isObject(part['pattern']) ? part['pattern']['Regex'] : undefined;
  const flaw = typeof regex === 'string' ? flawOfPattern(regex) : undefined;
  return flaw === undefined ? 'which cannot be read' : `whose pattern may take for ever: ${flaw}`;
}

/** Makes one, or nothing where the library refuses what the part says, such as a pattern that is none. */
function made<Made>(classes: Readonly<Record<string, Class<Made>>>, part: Part): Made | undefined {
  const Type = Object.hasOwn(classes, part.type) ? classes[part.type] : undefined;
  if (!Type || !isSound(part)) return undefined;
  try {
    return new Type(part as never);
  } catch {
    return undefined;
  }
}

const normalizers: Readonly<Record<string, Class<Normalizes>>> = {
  NFC: library.NFCNormalizer,
  NFD: library.NFDNormalizer,
  NFKC: library.NFKCNormalizer,
  NFKD: library.NFKDNormalizer,
  Replace: library.ReplaceNormalizer,
};

/** A normalizer of the library. */
export function libraryNormalizer(part: Part): ((text: string) => string) | undefined {
  const normalizer = made(normalizers, part);
  return normalizer && ((text) => normalizer.normalize(text));
}

const splitters: Readonly<Record<string, Class<Splits>>> = {
  Metaspace: library.MetaspacePreTokenizer,
  Split: library.SplitPreTokenizer,
};

/** A splitter of the library; `section` is the number of what lies between added tokens. */
export function librarySplitter(part: Part): ((text: string, section: number) => readonly string[]) | undefined {
  const splitter = made(splitters, part);
  return splitter && ((text, section) => splitter.pre_tokenize_text(text, { section_index: section }));
}

const decoders: Readonly<Record<string, Class<Decodes>>> = {
  ByteFallback: library.ByteFallbackDecoder,
  Fuse: library.FuseDecoder,
  Replace: library.ReplaceDecoder,
  Strip: library.StripDecoder,
  WordPiece: library.WordPieceDecoder,
};

/** A decoder of the library. */
export function libraryDecoder(part: Part): ((tokens: readonly string[]) => readonly string[]) | undefined {
  const decoder = made(decoders, part);
  return decoder && ((tokens) => decoder.decode_chain([...tokens]));
}

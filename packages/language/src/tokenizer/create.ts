/** A tokenizer out of a `tokenizer.json`. */
import { ArgumentError } from '@espalier/tensor';
import {
  aBoolean,
  aCount,
  anObject,
  aText,
  check,
  checkOptions,
  listOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import type { Json } from '@espalier/nn';
import { bytePairs } from './model/byte-pairs.ts';
import type { WordModel } from './model/model.ts';
import { unigram } from './model/unigram.ts';
import { wordPiece } from './model/word-piece.ts';
import { streamOf } from './stream.ts';
import { finderOf, type Piece } from './text/added.ts';
import { decoderOf } from './text/decoders.ts';
import { frameOf } from './text/frame.ts';
import { normalizerOf } from './text/normalizers.ts';
import { isOfBytes, splitterOf } from './text/splitters.ts';
import type { DecodeOptions, EncodeOptions, SpecialTokens, Tokenizer } from './tokenizer.ts';
import { fault, partsOf, type AddedToken, type TokenizerParts } from './tokenizer-json.ts';
import { TokenTexts } from './token-texts.ts';
import { WordIds } from './word-ids.ts';

/** What is known beside the file. */
export interface TokenizerOptions {
  /** What the file is called in errors. Default: `tokenizer.json`. */
  readonly name?: string;
  /** Tokens with a meaning. Default: what the file says of the unknown one. */
  readonly specials?: SpecialTokens;
}

const optionRules: OptionRules<TokenizerOptions> = {
  name: aText,
  specials: ruleOf<SpecialTokens>(
    'an object with the ids that end a text: { ends }',
    (value) => anObject.holds(value) && listOf(aCount).holds((value as Partial<SpecialTokens>).ends),
  ),
};
const encodeRules: OptionRules<EncodeOptions> = { specials: aBoolean, frame: aBoolean };
const decodeRules: OptionRules<DecodeOptions> = { specials: aBoolean };
const someIds = ruleOf<Iterable<number>>(
  'ids that follow each other',
  (value) => typeof value === 'object' && value !== null && Symbol.iterator in value,
);

type ModelMaker = (parts: TokenizerParts) => WordModel;

const models: Readonly<Record<string, ModelMaker>> = {
  BPE: ({ model, preTokenizer, name }) => bytePairs(model, isOfBytes(preTokenizer), name),
  Unigram: ({ model, name }) => unigram(model, name),
  WordPiece: ({ model, name }) => wordPiece(model, name),
};

/**
 * A tokenizer.
 * @throws {FormatError} for what is damaged, or of a kind that is not known.
 *
 * @example
 * const tokenizer = createTokenizer(JSON.parse(text));
 * const ids = tokenizer.encode('Hello');
 * console.log(tokenizer.decode(ids));
 */
export function createTokenizer(json: Json, options: TokenizerOptions = {}): Tokenizer {
  const { name = 'tokenizer.json', specials: told } = checkOptions('createTokenizer', options, optionRules);
  const parts = partsOf(json, name);
  const make = Object.hasOwn(models, parts.model.type) ? models[parts.model.type] : undefined;
  if (!make) throw fault(name, `has a model of type ${parts.model.type.slice(0, 40)}, which is not known`);
  const model = make(parts);
  const words = new WordIds(model, splitterOf(parts.preTokenizer, name));
  const normalize = normalizerOf(parts.normalizer, name);
  const frame = frameOf(parts.postProcessor, name);
  const decodeTokens = decoderOf(parts.decoder, name);
  const tokens = new TokenTexts(model.vocabulary, parts.added);
  const { size } = tokens;
  const special = new Set(parts.added.filter((each) => each.special).map(({ id }) => id));
  const finders = { all: findersOf(parts.added, normalize), plain: findersOf(plainOf(parts.added), normalize) };
  const ownIds = new Map(parts.added.map(({ content, id }) => [content, id]));

  const decode = (list: Iterable<number>, { specials = false }: DecodeOptions): string => {
    const found: string[] = [];
    for (const id of list) {
      const token = tokens.get(id);
      if (token === undefined) throw new ArgumentError('decode', `${id} is the id of no token; ids are below ${size}`);
      if (specials || !special.has(id)) found.push(token);
    }
    return found.length === 0 ? '' : decodeTokens(found);
  };
  return {
    size,
    specials: told ?? { ends: [], ...(model.unknown !== undefined && { unknown: model.unknown }) },
    specialTokens: parts.added.filter((each) => each.special).map(({ content }) => content),
    encode: (text, encodeOptions = {}) => {
      check('encode', 'the text', text, aText);
      const { specials = false, frame: framed = true } = checkOptions('encode', encodeOptions, encodeRules);
      const { raw, normalized } = specials ? finders.all : finders.plain;
      const made: number[] = framed ? [...frame.before] : [];
      for (const [section, piece] of (raw?.(text) ?? [text]).entries()) {
        if (typeof piece !== 'string') made.push(piece.id);
        else for (const each of within(normalize(piece), normalized)) put(made, each, section);
      }
      if (framed) made.push(...frame.after);
      return Int32Array.from(made);
    },
    decode: (list, decodeOptions = {}) =>
      decode(check('decode', 'the ids', list, someIds), checkOptions('decode', decodeOptions, decodeRules)),
    stream: (decodeOptions = {}) => {
      const checked = checkOptions('stream', decodeOptions, decodeRules);
      return streamOf((list) => decode(list, checked));
    },
    idOf: (token) => ownIds.get(check('idOf', 'the token', token, aText)) ?? model.vocabulary.get(token),
    tokenOf: (id) => tokens.get(id),
  };

  function put(made: number[], piece: Piece, section: number): void {
    if (typeof piece === 'string') words.add(made, piece, section);
    else made.push(piece.id);
  }
}

const within = (text: string, find: ((text: string) => readonly Piece[]) | undefined): readonly Piece[] => {
  if (text === '') return [];
  return find?.(text) ?? [text];
};

const plainOf = (added: readonly AddedToken[]): readonly AddedToken[] => added.filter(({ special }) => !special);

/** What finds tokens in a text, and what finds them in what a normalizer made of it. */
function findersOf(added: readonly AddedToken[], normalize: (text: string) => string): Finders {
  const raw = added.filter(({ normalized }) => !normalized);
  const normalized = added.filter((each) => each.normalized);
  return {
    raw: finderOf(new Map(raw.map((each) => [each.content, each]))),
    normalized: finderOf(new Map(normalized.map((each) => [normalize(each.content), each]))),
  };
}

interface Finders {
  readonly raw: ReturnType<typeof finderOf>;
  readonly normalized: ReturnType<typeof finderOf>;
}

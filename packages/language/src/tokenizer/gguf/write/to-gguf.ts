/**
 * A `tokenizer.json` as pairs of a GGUF file. What was written is read again, and has to cut a few hundred texts as the file does: a
 * vocabulary that programs would read otherwise is refused, with the text.
 */
import type { Json } from '@espalier/nn';
import { checkOptions, aPositiveInteger, aText, anObject, type OptionRules } from '@espalier/tensor/arguments';
import { createTokenizer } from '../../create.ts';
import { frameOf } from '../../text/frame.ts';
import type { SpecialTokens, Tokenizer } from '../../tokenizer.ts';
import { fault, isObject, partsOf, vocabularyOf, type AddedToken, type TokenizerParts } from '../../tokenizer-json.ts';
import { tokenizerOfGguf } from '../from-gguf.ts';
import { tokenKinds, type GgufMetadata } from '../vocabulary.ts';
import { probeTexts } from './probes.ts';
import { writtenKind } from './written-kinds.ts';

/** What is known beside the file. */
export interface GgufTokenizerOptions {
  /** What the file is called in errors. Default: `tokenizer.json`. */
  readonly name?: string;
  /** Rows of the model's embedding, which there has to be a token for each. Default: as many as there are tokens. */
  readonly vocabulary?: number;
  /** Tokens with a meaning, the end of a text before that of a turn. Default: none but those around a text. */
  readonly specials?: SpecialTokens;
  /** The template of chats. */
  readonly template?: string;
}

/** Pairs, and what readers of them do otherwise than the file says. */
export interface GgufTokenizer {
  readonly pairs: GgufMetadata;
  readonly notes: readonly string[];
}

const optionRules: OptionRules<GgufTokenizerOptions> = {
  name: aText,
  vocabulary: aPositiveInteger,
  specials: anObject as never,
  template: aText,
};

/**
 * The pairs of a tokenizer, as metadata of a GGUF file.
 * @throws {FormatError} for a file that is damaged, and naming what of it GGUF has no words for.
 *
 * @example
 * const { pairs, notes } = ggufOfTokenizer(JSON.parse(text), { vocabulary: 32_000 });
 */
export function ggufOfTokenizer(json: Json, options: GgufTokenizerOptions = {}): GgufTokenizer {
  const {
    name = 'tokenizer.json',
    vocabulary,
    specials,
    template,
  } = checkOptions('ggufOfTokenizer', options, optionRules);
  const parts = partsOf(json, name);
  const tokens = tokensOf(parts, vocabulary);
  const added = new Map(parts.added.map((each) => [each.id, each]));
  const kind = writtenKind({ parts, tokens: tokens.texts, added: new Set(added.keys()) });
  const twice = twiceIn(kind.tokens);
  if (twice !== undefined)
    throw fault(name, `has the token ${JSON.stringify(twice).slice(0, 40)} under two ids, of which GGUF has one`);
  const unknown = unknownOf(parts);
  const typeOf = (id: number): number => {
    if (tokens.padded.has(id)) return tokenKinds.unused;
    if (id === unknown && kind.model !== 'gpt2') return tokenKinds.unknown;
    const found = added.get(id);
    if (found) return found.special ? tokenKinds.control : tokenKinds.user;
    return kind.model === 'llama' && /^<0x[0-9A-F]{2}>$/u.test(tokens.texts[id] as string)
      ? tokenKinds.byte
      : tokenKinds.normal;
  };
  const said: Record<string, Json> = {
    model: kind.model,
    ...kind.said,
    tokens: kind.tokens,
    token_type: kind.tokens.map((_, id) => typeOf(id)),
    ...framed(parts, kind.model),
    ...idsSaid(specials, unknown),
  };
  const pairs = {
    ...Object.fromEntries(Object.entries(said).map(([key, value]) => [`tokenizer.ggml.${key}`, value])),
    ...(template !== undefined && { 'tokenizer.chat_template': template }),
  };
  const stripped = parts.added.filter(isOdd);
  checkSame({ parts, odd: stripped, isComposed: kind.isComposed === true }, createTokenizer(json, { name }), pairs);
  const odd =
    stripped.length === 0
      ? []
      : [
          `${stripped[0]?.content} takes white space along, or stands for whole words alone, which GGUF has no word for`,
        ];
  return { pairs: { ...pairs, ...typesOf(pairs) }, notes: [...kind.notes, ...odd] };
}

/** Types that numbers do not tell by themselves. */
function typesOf(pairs: GgufMetadata): GgufMetadata {
  const told = { 'tokenizer.ggml.scores': { of: 'f32' }, 'tokenizer.ggml.precompiled_charsmap': { of: 'u8' } };
  return { __gguf_types__: Object.fromEntries(Object.entries(told).filter(([key]) => Object.hasOwn(pairs, key))) };
}

/** Tokens by their ids, with names for rows that nothing stands for. */
function tokensOf(
  parts: TokenizerParts,
  rows: number | undefined,
): { readonly texts: readonly string[]; readonly padded: ReadonlySet<number> } {
  const { model, name } = parts;
  const list = model['vocab'];
  const known: Iterable<readonly [string, number]> = Array.isArray(list)
    ? (list as readonly (readonly [string, number])[]).map(([token], id) => [token, id] as const)
    : vocabularyOf(model, name);
  const byId = new Map<number, string>();
  for (const [token, id] of known) byId.set(id, token);
  for (const { id, content } of parts.added) byId.set(id, content);
  let size = 0;
  for (const id of byId.keys()) size = Math.max(size, id + 1);
  if (rows !== undefined && size > rows)
    throw fault(name, `has ${size} tokens, and the model has an embedding of ${rows}`);
  const padded = new Set<number>();
  const texts = Array.from({ length: rows ?? size }, (_, id) => {
    const token = byId.get(id);
    if (token === undefined) padded.add(id);
    return token ?? `[PAD${id}]`;
  });
  return { texts, padded };
}

function twiceIn(tokens: readonly string[]): string | undefined {
  const known = new Set<string>();
  for (const token of tokens) {
    if (known.has(token)) return token;
    known.add(token);
  }
  return undefined;
}

function unknownOf({ model }: TokenizerParts): number | undefined {
  const { unk_token: token, unk_id: id, vocab } = model;
  if (typeof id === 'number') return id;
  const found = typeof token === 'string' && isObject(vocab) && Object.hasOwn(vocab, token) ? vocab[token] : undefined;
  return typeof found === 'number' ? found : undefined;
}

/** What stands around a text. */
function framed({ postProcessor, name }: TokenizerParts, model: string): { readonly [key: string]: Json } {
  const { before, after } = frameOf(postProcessor, name);
  if (before.length > 1 || after.length > 1)
    throw fault(name, `puts ${before.length} tokens before a text and ${after.length} behind it; GGUF has one of each`);
  const [[begin], [end]] = [before, after];
  if (model === 'bert') {
    if (begin === undefined || end === undefined)
      throw fault(name, 'puts nothing before or behind a text, as readers of GGUF do with pieces of words');
    return { bos_token_id: begin, cls_token_id: begin, seperator_token_id: end };
  }
  return {
    add_bos_token: begin !== undefined,
    add_eos_token: end !== undefined,
    ...(begin !== undefined && { bos_token_id: begin }),
    ...(end !== undefined && { eos_token_id: end }),
  };
}

/** What of this is said by what stands around a text stays. */
function idsSaid(specials: SpecialTokens | undefined, unknown: number | undefined): { readonly [key: string]: Json } {
  const { begin, padding, ends = [] } = specials ?? {};
  const [text, turn, message] = ends;
  const found = {
    bos_token_id: begin,
    eos_token_id: text,
    eot_token_id: turn,
    eom_token_id: message,
    padding_token_id: padding,
    unknown_token_id: specials?.unknown ?? unknown,
  };
  return Object.fromEntries(Object.entries(found).filter((pair): pair is [string, number] => pair[1] !== undefined));
}

const isOdd = ({ singleWord, stripLeft, stripRight }: AddedToken): boolean => singleWord || stripLeft || stripRight;

/** Tokens of their own that texts are tried with. */
const mostAdded = 32;

/** @throws {FormatError} with a text that would be cut otherwise. */
function checkSame(
  { parts, odd, isComposed }: { parts: TokenizerParts; odd: readonly AddedToken[]; isComposed: boolean },
  tokenizer: Tokenizer,
  pairs: GgufMetadata,
): void {
  const again = tokenizerOfGguf(pairs, parts.name);
  const added = parts.added.filter((each) => !odd.includes(each)).slice(0, mostAdded);
  const texts = [...probeTexts(64, 96), ...added.map(({ content }) => `a${content} b ${content}${content}\nc`)];
  for (const each of texts) {
    const text = isComposed ? each.normalize('NFC') : each;
    for (const specials of [false, true]) {
      if (tokenizer.encode(text, { specials }).join() === again.encode(text, { specials }).join()) continue;
      throw fault(
        parts.name,
        `says a tokenizer that GGUF has no words for: ${JSON.stringify(text.slice(0, 60))} would be cut otherwise`,
      );
    }
  }
}

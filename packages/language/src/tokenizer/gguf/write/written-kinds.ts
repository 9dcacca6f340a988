/** The kinds of vocabularies that GGUF has words for, as pairs out of the parts of a `tokenizer.json`. */
import type { Json } from '@espalier/nn';
import { isOfBytes, splitterOf } from '../../text/splitters.ts';
import { fault, partsWithin, textIn, type Part, type TokenizerParts } from '../../tokenizer-json.ts';
import { byteLevelSplit } from '../kinds.ts';
import { scoredPairs } from '../scored-merges.ts';
import { ggufSplits, type GgufSplit } from '../splits.ts';
import { probeTexts } from './probes.ts';

/** A vocabulary on its way to pairs. */
export interface VocabularyToWrite {
  readonly parts: TokenizerParts;
  /** By id, without a gap. */
  readonly tokens: readonly string[];
  /** Ids of tokens that are found in texts as they are. */
  readonly added: ReadonlySet<number>;
}

/** What a kind says, without `tokenizer.ggml.` before it. */
export interface WrittenKind {
  readonly model: string;
  readonly tokens: readonly string[];
  readonly said: { readonly [key: string]: Json };
  /** What readers of GGUF do otherwise, which concerns few texts. */
  readonly notes: readonly string[];
  /** Whether texts are compared as NFC writes them. */
  readonly isComposed?: boolean;
}

const typesIn = (part: Part | null): readonly string[] => {
  if (part === null) return [];
  return part.type === 'Sequence' ? partsWithin(part).flatMap(typesIn) : [part.type];
};

/** The name of the rules that cut texts as a part does. */
function nameOfSplit({ preTokenizer, model, name }: TokenizerParts): string {
  const [text = ''] = probeTexts(1, 16_384);
  const words = splitterOf(preTokenizer, name)(text, 0);
  const wholeWords = model['ignore_merges'] === true;
  const tried = new Set<GgufSplit>();
  for (const [known, split] of ggufSplits) {
    if ((split.wholeWords ?? false) !== wholeWords || tried.has(split)) continue;
    tried.add(split);
    const found = splitterOf(byteLevelSplit(split), name)(text, 0);
    if (found.length === words.length && found.every((word, at) => word === words[at])) return known;
  }
  throw fault(
    name,
    `has a pre_tokenizer that cuts texts as no rules do that GGUF has a name for; there are ${[...ggufSplits.keys()].join(', ')}`,
  );
}

/** Bytes in pairs. */
function ofBytes({ parts, tokens }: VocabularyToWrite): WrittenKind {
  const normalizers = typesIn(parts.normalizer);
  const other = normalizers.find((type) => type !== 'NFC');
  if (other !== undefined)
    throw fault(parts.name, `has a normalizer of type ${other}, which GGUF has no word for beside pairs of bytes`);
  const isComposed = normalizers.length > 0;
  return {
    model: 'gpt2',
    tokens,
    said: { pre: nameOfSplit(parts), merges: mergesOf(parts).map(([left, right]) => `${left} ${right}`) },
    notes: isComposed ? ['texts are not composed (NFC) by readers of GGUF: give them what is composed'] : [],
    isComposed,
  };
}

/** @throws {FormatError} for a merge that no line has room for. */
function mergesOf({ model, name }: TokenizerParts): readonly (readonly [string, string])[] {
  return ((model['merges'] ?? []) as readonly Json[]).map((each) => {
    const text = typeof each === 'string' ? each : (each as readonly string[]).join(' ');
    const [left, right, ...more] = text.split(' ');
    if (left === undefined || right === undefined || more.length > 0)
      throw fault(name, `has the merge ${JSON.stringify(each).slice(0, 40)} with a space in a token, which GGUF lacks`);
    return [left, right];
  });
}

/** Pairs by rank as pairs by score: as good as the first merge that makes the token is early. */
function scored({ parts, tokens, added }: VocabularyToWrite): WrittenKind {
  const { model, name, normalizer } = parts;
  if (model['byte_fallback'] !== true)
    throw fault(name, 'has pairs of characters without byte_fallback, which GGUF has no word for');
  const merges = (model['merges'] ?? []) as readonly Json[];
  const pairs = merges.map((each) => (typeof each === 'string' ? each.split(' ') : (each as readonly string[])));
  const score = new Map<string, number>();
  for (const [rank, [left = '', right = '']] of pairs.entries())
    if (!score.has(left + right)) score.set(left + right, -1 - rank);
  const scores = tokens.map((token) => score.get(token) ?? (Array.from(token).length > 1 ? -1e6 : 0));
  const kinds = (id: number): boolean => !added.has(id);
  const again = scoredPairs(tokens, scores, kinds);
  const isSame =
    again.length === pairs.length && again.every(([left, right], at) => left + right === (pairs[at] ?? []).join(''));
  if (!isSame)
    throw fault(name, 'has merges whose order no scores of tokens give, which is all that GGUF has for such pairs');
  const puts = [...typesIn(normalizer), ...typesIn(parts.preTokenizer)];
  return { model: 'llama', tokens, said: { scores, add_space_prefix: puts.some(isPrefix), pre: 'default' }, notes: [] };
}

const isPrefix = (type: string): boolean => type === 'Prepend' || type === 'Metaspace';

/** Beginnings of words are marked, and not what follows them. */
function wordPieces({ parts, tokens, added }: VocabularyToWrite): WrittenKind {
  const { model, normalizer, name } = parts;
  const lowers = normalizer?.type === 'BertNormalizer' && normalizer['lowercase'] !== false;
  if (!lowers || normalizer['strip_accents'] === false)
    throw fault(name, 'keeps capital letters or accents, which readers of GGUF take off pieces of words');
  const prefix = textIn(model, 'continuing_subword_prefix', '##', name);
  const written = tokens.map((token, id) => {
    if (added.has(id)) return token;
    return token.startsWith(prefix) ? token.slice(prefix.length) : `▁${token}`;
  });
  return { model: 'bert', tokens: written, said: { pre: 'default' }, notes: [] };
}

/** The likeliest of all ways. */
function likeliest({ parts, tokens }: VocabularyToWrite): WrittenKind {
  const { model, normalizer, preTokenizer } = parts;
  const scores = (model['vocab'] as readonly (readonly [string, number])[]).map(([, score]) => Math.fround(score));
  const within = normalizer?.type === 'Sequence' ? partsWithin(normalizer) : normalizer ? [normalizer] : [];
  const table = within.find(({ type }) => type === 'Precompiled')?.['precompiled_charsmap'];
  return {
    model: 't5',
    tokens,
    said: {
      scores: tokens.map((_, id) => scores[id] ?? 0),
      add_space_prefix: preTokenizer?.['prepend_scheme'] !== 'never',
      remove_extra_whitespaces: within.some(({ type }) => type === 'Strip'),
      pre: 'default',
      ...(typeof table === 'string' && { precompiled_charsmap: table }),
    },
    notes: [],
  };
}

type Write = (vocabulary: VocabularyToWrite) => WrittenKind;

const kinds: Readonly<Record<string, Write>> = {
  BPE: (vocabulary) => (isOfBytes(vocabulary.parts.preTokenizer) ? ofBytes : scored)(vocabulary),
  Unigram: likeliest,
  WordPiece: wordPieces,
};

/** @throws {FormatError} naming what GGUF has no word for. */
export function writtenKind(vocabulary: VocabularyToWrite): WrittenKind {
  const { model, name } = vocabulary.parts;
  const write = Object.hasOwn(kinds, model.type) ? kinds[model.type] : undefined;
  if (write) return write(vocabulary);
  throw fault(name, `has a model of type ${model.type.slice(0, 40)}, which GGUF has no word for`);
}

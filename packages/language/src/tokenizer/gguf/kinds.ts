/** The kinds of vocabularies in GGUF files, as the parts of a `tokenizer.json`. */
import type { Json } from '@espalier/nn';
import { fault, type Part } from '../tokenizer-json.ts';
import { scoredMerges } from './scored-merges.ts';
import { ggufSplits, type GgufSplit } from './splits.ts';
import { tokenKinds, type GgufVocabulary } from './vocabulary.ts';

/** The parts, and what of them depends on the kind. */
export interface KindOfVocabulary {
  readonly parts: { readonly [key: string]: Json };
  /** Whether a text begins, or ends, with a token unless the file says otherwise. */
  readonly begins: boolean;
  readonly ends: boolean;
}

function* withIds(tokens: readonly string[]): Generator<readonly [string, number], void> {
  for (const [id, token] of tokens.entries()) yield [token, id];
}

const idsByToken = ({ tokens }: GgufVocabulary): { readonly [token: string]: number } =>
  Object.fromEntries(withIds(tokens));

const split = (pattern: string): Json => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

const byteLevel: Json = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };

const spaces: Json = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };

/** What cuts texts by some rules, before words are written as bytes. */
export function byteLevelSplit({ patterns }: GgufSplit): Part {
  return { type: 'Sequence', pretokenizers: [...patterns.map(split), byteLevel] };
}

/** Bytes in pairs, as GPT-2 has them. */
function ofBytes(vocabulary: GgufVocabulary): KindOfVocabulary {
  const pre = vocabulary.text('pre') ?? 'default';
  const known = ggufSplits.get(pre);
  if (!known)
    throw fault(
      vocabulary.name,
      `cuts texts by rules named ${JSON.stringify(pre).slice(0, 40)}, which are not known; give the tokenizer.json of the model`,
    );
  return {
    parts: {
      normalizer: null,
      pre_tokenizer: byteLevelSplit(known),
      model: {
        type: 'BPE',
        vocab: idsByToken(vocabulary),
        merges: mergesOf(vocabulary),
        ignore_merges: known.wholeWords ?? false,
      },
      decoder: byteLevel,
    },
    begins: known.begins ?? false,
    ends: false,
  };
}

function mergesOf(vocabulary: GgufVocabulary): Json {
  const merges = vocabulary.list('merges', 'string');
  if (merges) return merges;
  throw fault(vocabulary.name, 'has no tokenizer.ggml.merges that is a list of texts');
}

const fallBack = (vocabulary: GgufVocabulary, merges: Json): Json => {
  const unknown = vocabulary.tokens[vocabulary.id('unknown') ?? 0];
  return {
    type: 'BPE',
    vocab: idsByToken(vocabulary),
    merges,
    byte_fallback: true,
    fuse_unk: true,
    unk_token: unknown ?? null,
  };
};

const fromSpaces = (puts: boolean): Json => ({
  type: 'Sequence',
  decoders: [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    ...(puts ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
  ],
});

/** SentencePiece's pairs: what is put together is what has the highest score. */
function scored(vocabulary: GgufVocabulary): KindOfVocabulary {
  const puts = vocabulary.truth('add_space_prefix') ?? true;
  const normalizers: Json = [...(puts ? [{ type: 'Prepend', prepend: '▁' }] : []), spaces];
  return {
    parts: {
      normalizer: { type: 'Sequence', normalizers },
      pre_tokenizer: null,
      model: fallBack(vocabulary, scoredMerges(vocabulary)),
      decoder: fromSpaces(puts),
    },
    begins: true,
    ends: false,
  };
}

/** Pairs that were learnt in order, of a vocabulary that is otherwise SentencePiece's. */
function gemma4(vocabulary: GgufVocabulary): KindOfVocabulary {
  return {
    parts: {
      normalizer: spaces,
      pre_tokenizer: split(String.raw`[^\n]+|[\n]+`),
      model: fallBack(vocabulary, mergesOf(vocabulary)),
      decoder: fromSpaces(false),
    },
    begins: true,
    ends: false,
  };
}

/** In these files it is the tokens that begin a word that are marked, and not the others. */
function wordPieces(vocabulary: GgufVocabulary): KindOfVocabulary {
  const pieceOf = (token: string, id: number): string => {
    if (token.startsWith('▁')) return token.slice(1);
    return vocabulary.kindOf(id) === tokenKinds.normal ? `##${token}` : token;
  };
  const unknown = vocabulary.tokens[vocabulary.id('unknown') ?? -1] ?? '[UNK]';
  return {
    parts: {
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      model: {
        type: 'WordPiece',
        vocab: Object.fromEntries(vocabulary.tokens.map((token, id) => [pieceOf(token, id), id])),
        unk_token: unknown,
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 1000,
      },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    },
    begins: true,
    ends: true,
  };
}

/** The likeliest of all ways to put a text together. */
function likeliest(vocabulary: GgufVocabulary): KindOfVocabulary {
  const scores = vocabulary.list('scores', 'number') ?? [];
  const table = vocabulary.text('precompiled_charsmap');
  const single: Json = { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' };
  const shortens = vocabulary.truth('remove_extra_whitespaces') ?? false;
  return {
    parts: {
      normalizer: {
        type: 'Sequence',
        normalizers: [
          ...(table === undefined ? [] : [{ type: 'Precompiled', precompiled_charsmap: table }]),
          ...(shortens ? [{ type: 'Strip', strip_left: true, strip_right: true }, single] : []),
        ],
      },
      pre_tokenizer: {
        type: 'Metaspace',
        replacement: '▁',
        prepend_scheme: (vocabulary.truth('add_space_prefix') ?? true) ? 'always' : 'never',
      },
      model: {
        type: 'Unigram',
        vocab: vocabulary.tokens.map((token, id) => [token, scores[id] ?? 0]),
        unk_id: vocabulary.id('unknown') ?? 0,
      },
      decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    },
    begins: false,
    ends: true,
  };
}

/** By `tokenizer.ggml.model`. */
export const kindsOfVocabulary: ReadonlyMap<string, (vocabulary: GgufVocabulary) => KindOfVocabulary> = new Map([
  ['bert', wordPieces],
  ['gemma4', gemma4],
  ['gpt2', ofBytes],
  ['llama', scored],
  ['t5', likeliest],
]);

/** Tokenizers as pairs of GGUF: read again they make the same ids, and what GGUF has no words for is refused by name. */
import { createTokenizer, ggufOfTokenizer, tokenizerOfGguf, type GgufMetadata } from '@espalier/language';
import { bytesOf, gguf, memorySink, openTensors } from '@espalier/models';
import { FormatError, type Json } from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import { bytePairJson } from '../helpers/tiny-vocabulary.ts';

type Parts = { readonly [key: string]: Json };

const around = (begin: string, end: string, ids: readonly [number, number]): Json => ({
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: begin } }, { Sequence: { id: 'A' } }, { SpecialToken: { id: end } }],
  special_tokens: { [begin]: { ids: [ids[0]] }, [end]: { ids: [ids[1]] } },
});

const bytes = bytePairJson(['t h', 'th e', 'Ġ t'], ['<|a|>', '<|b|>']);
const marked = ['<unk>', '<s>', '</s>', ...Array.from({ length: 256 }, (_, byte) => `<0x${hex(byte)}>`)];
const scored: Parts = {
  added_tokens: marked.slice(0, 3).map((content, id) => ({ id, content, special: true })),
  normalizer: {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    ],
  },
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    byte_fallback: true,
    fuse_unk: true,
    vocab: idsOf([...marked, '▁', 'a', 's', 't', '▁a', 'st', '▁as']),
    merges: ['▁ a', 's t', '▁a s'],
  },
  decoder: { type: 'ByteFallback' },
};
const pieces: Parts = {
  added_tokens: ['[UNK]', '[CLS]', '[SEP]'].map((content, id) => ({ id, content, special: true })),
  normalizer: { type: 'BertNormalizer', lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    vocab: idsOf(['[UNK]', '[CLS]', '[SEP]', 'a', '##a', 's', '##t', '.']),
  },
  post_processor: around('[CLS]', '[SEP]', [1, 2]),
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
};
const likeliest: Parts = {
  added_tokens: [{ id: 1, content: '</s>', special: true }],
  normalizer: { type: 'Precompiled', precompiled_charsmap: '' },
  pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'always' },
  model: {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['</s>', 0],
      ['▁', -2.1],
      ['a', -3],
      ['▁a', -1],
      ['st', -4],
    ],
  },
  decoder: { type: 'Metaspace' },
};

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
function idsOf(tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

/** Pairs as they are behind a file. */
async function throughFile(pairs: GgufMetadata): Promise<GgufMetadata> {
  const sink = memorySink();
  await gguf.write?.(sink, new Map(), pairs);
  return (await openTensors(bytesOf(sink.bytes(), 'x.gguf'))).metadata;
}

describe('what is read again', () => {
  test.each([
    ['gpt2', bytes, 'gpt-2'],
    ['llama', scored, 'default'],
    ['bert', pieces, 'default'],
    ['t5', likeliest, 'default'],
  ])('%s makes the same ids', async (model, json, pre) => {
    const { pairs, notes } = ggufOfTokenizer(json);
    expect([pairs['tokenizer.ggml.model'], pairs['tokenizer.ggml.pre'], notes]).toEqual([model, pre, []]);
    const again = tokenizerOfGguf(await throughFile(pairs));
    const text = 'As the past: théa stat  12 \n\u00e9\u{1f642}. ast';
    expect(again.encode(text)).toEqual(createTokenizer(json).encode(text));
    expect(again.decode([3, 4, 5])).toBe(createTokenizer(json).decode([3, 4, 5]));
  });

  test('rules are found by what they cut, rows are filled up, and what has a meaning is said', () => {
    const digits = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      ],
    };
    const json = { ...bytes, pre_tokenizer: digits, normalizer: { type: 'NFC' } };
    const { pairs, notes } = ggufOfTokenizer(json, {
      vocabulary: 264,
      specials: { begin: 259, ends: [260, 259], padding: 0 },
      template: '{{ x }}',
    });
    expect(pairs).toMatchObject({
      'tokenizer.ggml.pre': 'smollm',
      'tokenizer.ggml.add_bos_token': false,
      'tokenizer.ggml.bos_token_id': 259,
      'tokenizer.ggml.eos_token_id': 260,
      'tokenizer.ggml.eot_token_id': 259,
      'tokenizer.ggml.padding_token_id': 0,
      'tokenizer.chat_template': '{{ x }}',
    });
    expect((pairs['tokenizer.ggml.tokens'] as string[]).slice(259)).toEqual([
      '<|a|>',
      '<|b|>',
      '[PAD261]',
      '[PAD262]',
      '[PAD263]',
    ]);
    expect((pairs['tokenizer.ggml.token_type'] as number[]).slice(258)).toEqual([1, 3, 3, 5, 5, 5]);
    expect(notes).toEqual([expect.stringContaining('NFC')]);
    const strips = { ...bytes, added_tokens: [{ id: 259, content: '<|a|>', special: true, lstrip: true }] };
    expect(ggufOfTokenizer(strips).notes).toEqual([expect.stringContaining('<|a|>')]);
  });
});

describe('refused by name', () => {
  const model = scored['model'] as Parts;
  test.each<readonly [string, Parts, string]>([
    ['rules without a name', { ...bytes, pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } }, 'cuts texts'],
    ['a normalizer', { ...bytes, normalizer: { type: 'Lowercase' } }, 'Lowercase'],
    [
      'two tokens before',
      {
        ...bytes,
        post_processor: {
          ...(around('a', 'b', [1, 2]) as Parts),
          single: [{ SpecialToken: { id: 'a' } }, { SpecialToken: { id: 'a' } }, { Sequence: {} }],
        },
      },
      '2 tokens before',
    ],
    ['merges that no scores give', { ...scored, model: { ...model, merges: ['▁ a', '▁a s'] } }, 'scores'],
    ['no bytes to fall back to', { ...scored, model: { ...model, byte_fallback: false } }, 'byte_fallback'],
    ['capital letters', { ...pieces, normalizer: { type: 'BertNormalizer', lowercase: false } }, 'capital'],
    ['nothing around', { ...pieces, post_processor: null }, 'before or behind'],
    [
      'one token twice',
      {
        ...pieces,
        model: { ...(pieces['model'] as Parts), vocab: idsOf(['[UNK]', '[CLS]', '[SEP]', 'a', '##[UNK]']) },
      },
      'two ids',
    ],
    ['other texts', { ...likeliest, normalizer: { type: 'Lowercase' } }, 'would be cut otherwise'],
  ])('%s', (_, json, problem) => {
    expect(() => ggufOfTokenizer(json)).toThrow(FormatError);
    expect(() => ggufOfTokenizer(json)).toThrow(problem);
  });

  test('more tokens than rows', () => {
    expect(() => ggufOfTokenizer(bytes, { vocabulary: 260 })).toThrow('261 tokens');
  });
});

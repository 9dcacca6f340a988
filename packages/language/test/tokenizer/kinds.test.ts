/** Pieces, likelihoods and scores: what each kind of vocabulary makes of a text. */
import { createTokenizer, tokenizerJsonOfGguf, tokenizerOfGguf, type Tokenizer } from '@espalier/language';
import { FormatError, type Json } from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import { bytePairJson, ggufVocabulary } from '../helpers/tiny-vocabulary.ts';

const plain = { frame: false };
const tokensOf = (tokenizer: Tokenizer, text: string, options = plain): readonly (string | undefined)[] =>
  Array.from(tokenizer.encode(text, options), (id) => tokenizer.tokenOf(id));

describe('pieces of words', () => {
  const tokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'un', '##able', '##a', 'σασ', '中', '!', 'e', 'ab', '##c'];
  const tokenizer = createTokenizer({
    added_tokens: [{ id: 1, content: '[UNK]', special: true }],
    normalizer: { type: 'BertNormalizer', lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      special_tokens: { '[CLS]': { ids: [2] }, '[SEP]': { ids: [3] } },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  });

  test('the longest first, unknown as a whole, with what the model wants around', () => {
    expect(tokensOf(tokenizer, 'Unable abc xyz')).toEqual(['un', '##able', 'ab', '##c', '[UNK]']);
    expect(tokensOf(tokenizer, 'ab', { frame: true })).toEqual(['[CLS]', 'ab', '[SEP]']);
    expect(tokenizer.decode(tokenizer.encode('unable!', plain))).toBe('unable!');
  });

  test('lower case is by character, accents go, ideographs stand alone', () => {
    expect(tokensOf(tokenizer, 'ΣΑΣ')).toEqual(['σασ']);
    expect(tokensOf(tokenizer, 'É\u0000\u200d')).toEqual(['e']);
    expect(tokensOf(tokenizer, 'ab中ab')).toEqual(['ab', '中', 'ab']);
    expect(tokensOf(tokenizer, 'ab\u{20000}e')).toEqual(['ab', '[UNK]', 'e']);
  });
});

test('digits are those of all scripts, as signs for numbers are', () => {
  const words = (individual: boolean): readonly string[] => {
    const pretokenizers = [
      { type: 'Digits', individual_digits: individual },
      { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
    ];
    const json = bytePairJson(['1 2', 'Ù £', 'Ù£ Ù£'], [], { pre_tokenizer: { type: 'Sequence', pretokenizers } });
    return tokensOf(createTokenizer(json), '12\u0663\u0663') as readonly string[];
  };
  expect(words(true)).toEqual(['1', '2', 'Ù£', 'Ù£']);
  expect(words(false)).toEqual(['12', 'Ù£Ù£']);
});

describe('patterns of others', () => {
  const made = (pattern: string): Tokenizer =>
    createTokenizer(
      bytePairJson([], [], {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
            { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
          ],
        },
      }),
    );

  test.each([
    '(?:a+)+b',
    '(a?a)+',
    '(a|a)*b',
    '([ab]|a)+',
    '(a{1,2}){30}',
    '(?i:(?:a|A)*)b',
    '((?:a|a)){40}',
    'a*a*a*a*a*b',
    'a{0,99}a*a{1,}a+a{0,999}b',
    String.raw`(a)\1`,
    'a)',
  ])('%s may take for ever, and is refused', (pattern) => {
    expect(() => made(pattern)).toThrow('may take for ever');
  });

  test.each([
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    String.raw`(?=(?:\d{3})+(?!\d))`,
    String.raw`(?:ab|cd)+|\(+|[[a]+)]*`,
  ])('%s is run', (pattern) => {
    expect(made(pattern).encode('ab 12')).toHaveLength(5);
  });
});

describe('the likeliest', () => {
  const vocab: Json = [
    ['<unk>', 0],
    ['▁', -2],
    ['a', -3],
    ['b', -3],
    ['ab', -4],
    ['▁ab', -9],
    ['▁a', -3.5],
    ['cd', -1],
  ];
  const json = {
    pre_tokenizer: { type: 'Metaspace' },
    decoder: { type: 'Metaspace' },
    model: { type: 'Unigram', vocab, unk_id: 0 },
  };
  const tokenizer = createTokenizer(json);

  test('of all ways, and unknown neighbours are one', () => {
    expect(tokensOf(tokenizer, 'ab')).toEqual(['▁', 'ab']);
    expect(tokensOf(tokenizer, 'a ab')).toEqual(['▁a', '▁', 'ab']);
    expect(tokensOf(tokenizer, 'xyz🙂a')).toEqual(['▁', '<unk>', 'a']);
    expect(tokenizer.decode(tokenizer.encode('ab a'))).toBe('ab a');
  });

  test('a long text is cut where that changes nothing', () => {
    const text = 'ab a b cdab '.repeat(20).trim();
    const byWord = text.split(' ').flatMap((word) => tokensOf(tokenizer, word));
    expect(tokensOf(tokenizer, text)).toEqual(byWord);
  });
});

describe('vocabularies of GGUF', () => {
  test('by scores, with bytes for what is unknown', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    const words = ['▁', 'a', 'b', 'c', 'bc', 'ab', '▁a', 'abc'];
    const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...words];
    const scores = tokens.map((token) => -words.indexOf(token));
    const metadata = ggufVocabulary('llama', tokens, { scores, bos_token_id: 1, eos_token_id: 2, unknown_token_id: 0 });
    const tokenizer = tokenizerOfGguf(metadata);
    // bc is better than ab, which is better than ▁a.
    expect(tokensOf(tokenizer, 'abc ab')).toEqual(['▁a', 'bc', '▁', 'ab']);
    expect(tokensOf(tokenizer, 'é')).toEqual(['▁', '<0xC3>', '<0xA9>']);
    expect(tokensOf(tokenizer, 'a', { frame: true })).toEqual(['<s>', '▁a']);
    expect(tokenizer.decode(tokenizer.encode('aé bc'))).toBe('aé bc');
    expect(tokenizer.specials).toEqual({ begin: 1, ends: [2], unknown: 0 });
    const stream = tokenizer.stream();
    const pushed = Array.from(tokenizer.encode('é a', plain), (id) => stream.push(id));
    expect(pushed.join('') + stream.end()).toBe('é a');
  });

  test('of bytes, cut as the name of the rules says', () => {
    const { model } = bytePairJson(['1 2', 'a b', 'Ġ Ġ']) as { readonly model: { readonly vocab: object } };
    const tokens = [...Object.keys(model.vocab), '<|im_end|>'];
    const made = (pre: string): Tokenizer =>
      tokenizerOfGguf(ggufVocabulary('gpt2', tokens, { pre, merges: ['1 2', 'a b', 'Ġ Ġ'] }));
    expect(tokensOf(made('gpt-2'), '12ab')).toEqual(['12', 'ab']);
    // Each digit by itself, and what lies between digits is a text of its own.
    expect(tokensOf(made('smollm'), '  12')).toEqual(['ĠĠ', '1', '2']);
    expect(tokensOf(made('gpt-2'), '  12')).toEqual(['Ġ', 'Ġ', '12']);
    expect(made('smollm').specials.ends).toEqual([tokens.length - 1]);
    expect(() => made('what-nobody-knows')).toThrow('what-nobody-knows');
  });

  test('of pieces, where beginnings are marked', () => {
    const tokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '▁un', 'able'];
    const ids = { unknown_token_id: 1, cls_token_id: 2, seperator_token_id: 3 };
    const tokenizer = tokenizerOfGguf(ggufVocabulary('bert', tokens, ids));
    expect(tokensOf(tokenizer, 'Unable', { frame: true })).toEqual(['[CLS]', 'un', '##able', '[SEP]']);
  });

  test('of likelihoods', () => {
    const metadata = ggufVocabulary('t5', ['<pad>', '</s>', '<unk>', '▁a', 'b'], {
      scores: [0, 0, 0, -1, -2],
      eos_token_id: 1,
      unknown_token_id: 2,
    });
    expect(tokensOf(tokenizerOfGguf(metadata), 'ab', { frame: true })).toEqual(['▁a', 'b', '</s>']);
    expect(createTokenizer(tokenizerJsonOfGguf(metadata)).encode('ab')).toEqual(Int32Array.of(3, 4, 1));
  });

  test.each([
    ['no tokens', { 'tokenizer.ggml.model': 'gpt2' }, 'tokenizer.ggml.tokens'],
    ['an unknown kind', ggufVocabulary('rwkv', ['a']), 'rwkv'],
    ['no scores', ggufVocabulary('llama', ['a']), 'scores'],
    ['no merges', ggufVocabulary('gpt2', ['a'], { pre: 'gpt-2' }), 'merges'],
    ['an id that is none', ggufVocabulary('llama', ['a'], { scores: [0], bos_token_id: 7 }), 'bos_token_id'],
  ])('%s: refused by name', (_, metadata, problem) => {
    expect(() => tokenizerOfGguf(metadata)).toThrow(FormatError);
    expect(() => tokenizerOfGguf(metadata)).toThrow(problem);
  });
});

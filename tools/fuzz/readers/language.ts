/** Vocabularies and templates of language models: made, and used on a text of many kinds. */
import { chatTemplate, createTokenizer, tokenizerOfGguf, type GgufMetadata, type Tokenizer } from '@espalier/language';
import { FormatError, type Json } from '@espalier/nn';
import { checkJsonMemory } from '@espalier/nn/format';
import { ofObjects, type Reader } from '../engine/reader.ts';

const text = "Hi there, don't  12 \u00e9\u4e2d\u{1f642} \n<|end|> \u03a3";

function jsonOf(input: Uint8Array): Json {
  const decoded = Buffer.from(input).toString('utf8');
  checkJsonMemory(decoded, 'x.json');
  try {
    return JSON.parse(decoded) as Json;
  } catch {
    throw new FormatError('x.json', 0, 'is no JSON');
  }
}

function use(tokenizer: Tokenizer): void {
  for (const specials of [true, false]) {
    const ids = tokenizer.encode(text, { specials });
    const known = ids.filter((id) => tokenizer.tokenOf(id) !== undefined);
    tokenizer.decode(known, { specials });
    const stream = tokenizer.stream();
    for (const id of known) stream.push(id);
    stream.end();
  }
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const ids = (tokens: readonly string[]): object => Object.fromEntries(tokens.map((token, id) => [token, id]));
const added = [{ id: 90, content: '<|end|>', special: true, lstrip: true }];

const bytePairs = json({
  added_tokens: added,
  normalizer: {
    type: 'Sequence',
    normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { String: 'x' }, content: 'y' }],
  },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: '\\\\p{N}{1,3}|\\\\s+' }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    ],
  },
  model: {
    type: 'BPE',
    vocab: ids([...'HitherĠ,dont', 'th', 'the', 'Ġt']),
    merges: ['t h', ['th', 'e'], 'Ġ t'],
    ignore_merges: true,
  },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: 'H' } }, { Sequence: { id: 'A' } }],
    special_tokens: { H: { ids: [0] } },
  },
  decoder: { type: 'Sequence', decoders: [{ type: 'ByteLevel' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }] },
});
const pieces = json({
  added_tokens: added,
  normalizer: { type: 'BertNormalizer', lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  model: { type: 'WordPiece', unk_token: '[UNK]', vocab: ids(['[UNK]', 'hi', 't', '##here', '##her']) },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
});
const unigram = json({
  added_tokens: [],
  normalizer: { type: 'Precompiled', precompiled_charsmap: 'CAAAAAAAAAAAAAAAAGEA' },
  pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always' },
  model: {
    type: 'Unigram',
    unk_id: 0,
    byte_fallback: true,
    vocab: [
      ['<unk>', 0],
      ['\u2581', -1],
      ['Hi', -2],
      ['th', -2],
      ['e', -3],
    ],
  },
  decoder: { type: 'Metaspace' },
});
const large = json({
  model: { type: 'WordPiece', unk_token: 't0', vocab: ids(Array.from({ length: 12_000 }, (_, id) => `t${id}`)) },
});

/** Files named tokenizer.json. */
export const tokenizerReader: Reader = {
  name: 'tokenizer-json',
  limit: ofObjects,
  seeds: async () => [bytePairs, pieces, unigram, large],
  mutate: 'json',
  read: (input, _, passed) => {
    const parsed = jsonOf(input);
    passed();
    use(createTokenizer(parsed));
  },
};

const gguf = (model: string, tokens: readonly string[], more: object): Uint8Array =>
  json({
    'tokenizer.ggml.model': model,
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((token) => (/^[<[]/u.test(token) ? 3 : 1)),
    ...more,
  });

/** What GGUF files say of vocabularies. */
export const ggufVocabularyReader: Reader = {
  name: 'gguf-vocabulary',
  limit: ofObjects,
  seeds: async () => [
    gguf('gpt2', ['H', 'i', 'Hi', '<|end|>'], { 'tokenizer.ggml.pre': 'llama-bpe', 'tokenizer.ggml.merges': ['H i'] }),
    gguf('llama', ['<unk>', '\u2581', 'H', 'i', 'Hi'], {
      'tokenizer.ggml.scores': [0, -1, -2, -3, -4],
      'tokenizer.ggml.add_bos_token': false,
    }),
    gguf('bert', ['[UNK]', '\u2581hi', 'x'], { 'tokenizer.ggml.unknown_token_id': 0 }),
    gguf('t5', ['<unk>', '\u2581Hi', 'x'], { 'tokenizer.ggml.scores': [0, -1, -2], 'tokenizer.ggml.eos_token_id': 0 }),
  ],
  mutate: 'json',
  read: (input, _, passed) => {
    const parsed = jsonOf(input);
    if (typeof parsed !== 'object' || parsed === null) throw new FormatError('x', 0, 'is no object');
    passed();
    use(tokenizerOfGguf(parsed as GgufMetadata));
  },
};

const messages = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: '<think>x</think>y' },
];

/** Templates of chats. What one refuses, or wants more than it may, is an error of its own. */
export const templateReader: Reader = {
  name: 'chat-template',
  limit: ofObjects,
  seeds: async () =>
    [
      "{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m.content | trim }}{% if loop.last %}!{% endif %}{% endfor %}",
      "{%- set ns = namespace(a=[]) -%}{%- for m in messages if m.role == 'user' -%}{%- set ns.a = ns.a + [m.content] -%}{%- endfor -%}{{ ns.a | join(', ') | replace('i', 'o') }}",
      "{% macro f(x, y=2) %}{{ x ~ y }}{% endmacro %}{{ f(messages | length) }}{{ messages[1].content.split('</think>')[-1] | upper }}{{ messages | tojson(indent=2) }}",
      `{# long #}${'{{ bos_token }}text '.repeat(2000)}`,
    ].map((source) => Buffer.from(source)),
  mutate: 'text',
  words: [
    '{%',
    '%}',
    '{{',
    '}}',
    'for',
    'in',
    'range(9999)',
    'if',
    'endif',
    'endfor',
    'set',
    '|',
    'indent(99999)',
    'replace',
    '*',
    '~',
    '[',
    '(',
  ],
  read: (input, _, passed) => {
    const template = chatTemplate(Buffer.from(input).toString('utf8'), { bos_token: '<s>' });
    passed();
    template.render(messages);
  },
};

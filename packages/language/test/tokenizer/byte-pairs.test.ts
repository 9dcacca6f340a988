/** Byte pairs: what is merged, what is cut, and what comes back. */
import { createTokenizer } from '@espalier/language';
import { FormatError } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytePairJson, wellFormed } from '../helpers/tiny-vocabulary.ts';

const merges = ['Ġ t', 'h e', 'Ġt he', 'a b', 'b c', 'ab c'];
const tokenizer = createTokenizer(bytePairJson(merges, ['<|end|>']));
const tokensOf = (text: string, options = {}): readonly (string | undefined)[] =>
  Array.from(tokenizer.encode(text, options), (id) => tokenizer.tokenOf(id));

describe('merges', () => {
  test('the pair that was learnt first goes first', () => {
    expect(tokensOf('abc')).toEqual(['abc']);
    expect(tokensOf('xbc')).toEqual(['x', 'bc']);
    expect(tokensOf('abab')).toEqual(['ab', 'ab']);
    expect(tokensOf('in the')).toEqual(['i', 'n', 'Ġthe']);
  });

  test('the leftmost of equals goes first', () => {
    const runs = createTokenizer(bytePairJson(['a a', 'aa a']));
    const ids = (text: string): (string | undefined)[] => Array.from(runs.encode(text), (id) => runs.tokenOf(id));
    expect(ids('aaa')).toEqual(['aaa']);
    expect(ids('aaaa')).toEqual(['aa', 'aa']);
    expect(ids('aaaaa')).toEqual(['aa', 'aaa']);
  });

  test('a word that is a token stays one where the file says so', () => {
    const json = bytePairJson(['a b', 'b c', 'ab c']);
    const model = { ...(json['model'] as object), vocab: { a: 0, b: 1, c: 2, d: 3, bc: 4, ab: 5, abc: 6, cab: 7 } };
    const make = (wholeWords: boolean): number[] => [
      ...createTokenizer({ ...json, model: { ...model, ignore_merges: wholeWords } }).encode('cab'),
    ];
    expect(make(true)).toEqual([7]);
    expect(make(false)).toEqual([2, 5]);
  });
});

test('texts of any characters come back as they were', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(wellFormed(text));
    }),
  );
});

test('white space is that of Unicode: U+0085 is, U+FEFF is none', () => {
  expect(tokensOf('a\u0085')).toEqual(['a', 'Â', 'ħ']);
  const words = createTokenizer(bytePairJson(['Â ħ', 'Ġ Âħ', 'Ġ ï', 'ï »', 'ï» ¿', 'Ġ ï»¿']));
  const cut = (text: string): (string | undefined)[] => Array.from(words.encode(text), (id) => words.tokenOf(id));
  expect(cut(' \u0085')).toEqual(['ĠÂħ']);
  expect(cut('\u0085\uFEFF')).toEqual(['Âħ', 'ï»¿']);
  expect(cut(' \uFEFF')).toEqual(['Ġï', '»', '¿']);
});

describe('special tokens', () => {
  test('are parsed only where that is asked for', () => {
    expect(tokensOf('ab<|end|>', { specials: true })).toEqual(['ab', '<|end|>']);
    expect(tokensOf('ab<|end|>')).toEqual(['ab', '<', '|', 'e', 'n', 'd', '|', '>']);
  });

  test('are written down only where that is asked for', () => {
    const ids = tokenizer.encode('ab<|end|>', { specials: true });
    expect(tokenizer.decode(ids)).toBe('ab');
    expect(tokenizer.decode(ids, { specials: true })).toBe('ab<|end|>');
  });

  test('take white space along, stand alone, or are the longest', () => {
    const json = bytePairJson([], []);
    const token = (content: string, id: number, more: object): object => ({ id, content, special: true, ...more });
    const added = [
      token('<a>', 300, { lstrip: true, rstrip: true }),
      token('<a>b', 301, {}),
      token('word', 302, { single_word: true }),
      token('<|a-b/c.d|>', 303, {}),
    ];
    const made = createTokenizer({ ...json, added_tokens: added } as never);
    const ids = (text: string): number[] => [...made.encode(text, { specials: true })];
    expect(ids('x  <a>  y')).toEqual([0x78, 300, 0x79]);
    expect(ids('<a>b')).toEqual([301]);
    expect(ids('word')).toEqual([302]);
    expect(ids('words')).toEqual([...'words'].map((letter) => letter.charCodeAt(0)));
    expect(ids('<a> <a>')).toEqual([300, 300]);
    expect(ids('<|a-b/c.d|>')).toEqual([303]);
  });
});

test('nothing decodes to nothing, and an id that is none is refused', () => {
  expect(tokenizer.decode([])).toBe('');
  expect(tokenizer.encode('')).toHaveLength(0);
  expect(() => tokenizer.decode([9999])).toThrow(ArgumentError);
});

test('a stream holds back characters whose bytes are not all there, and is the text in the end', () => {
  const stream = tokenizer.stream();
  const parts = Array.from(tokenizer.encode('é🙂'), (id) => stream.push(id));
  expect(parts).toEqual(['', 'é', '', '', '', '🙂']);
  expect(stream.end()).toBe('');
  stream.push(0xf0);
  expect(stream.end()).toBe('\uFFFD');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      const told = tokenizer.stream();
      const pushed = Array.from(tokenizer.encode(text), (id) => told.push(id)).join('');
      expect(pushed + told.end()).toBe(wellFormed(text));
    }),
  );
});

describe('what is damaged is refused by name', () => {
  const json = bytePairJson(merges);
  test.each([
    ['no model', { ...json, model: null }, 'has no model'],
    ['an unknown model', { ...json, model: { type: 'Magic', vocab: {} } }, 'type Magic'],
    ['an id that is none', { ...json, model: { type: 'BPE', vocab: { a: 'x' }, merges: [] } }, 'without an id'],
    ['a merge of no tokens', { ...json, model: { type: 'BPE', vocab: { a: 0 }, merges: ['a b'] } }, 'merge 0'],
    ['an unknown splitter', { ...json, pre_tokenizer: { type: 'X' } }, 'pre_tokenizer'],
    ['a pattern that is none', { ...json, pre_tokenizer: { type: 'Split', pattern: { Regex: '(' } } }, 'Split'],
    ['a pattern without one', { ...json, pre_tokenizer: { type: 'Split', pattern: {} } }, 'Split'],
    [
      'a field of another type',
      { ...json, normalizer: { type: 'Replace', pattern: { String: 'a' }, content: [[]] } },
      'Replace',
    ],
    ['an unknown decoder', { ...json, decoder: { type: 'X' } }, 'decoder'],
    ['an unknown normalizer', { ...json, normalizer: { type: 'constructor' } }, 'normalizer'],
  ])('%s', (_, damaged, problem) => {
    expect(() => createTokenizer(damaged as never)).toThrow(FormatError);
    expect(() => createTokenizer(damaged as never)).toThrow(problem);
  });
});

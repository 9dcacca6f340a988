/**
 * Byte-pair encoding: of the pairs of neighbours in a word that the vocabulary merges, the one that was learnt first is merged
 * first, the leftmost of equals before others. Source: R. Sennrich, B. Haddow, A. Birch, "Neural machine translation of rare
 * words with subword units", 2016.
 */
import type { Json } from '@espalier/nn';
import { encodeUtf8 } from '@espalier/nn/format';
import { characterOfByte } from '../text/bytes.ts';
import { fault, vocabularyOf, type Part } from '../tokenizer-json.ts';
import { cutsOf } from './cuts.ts';
import { Merges } from './merges.ts';
import type { WordModel } from './model.ts';

/**
 * The model of a `tokenizer.json`.
 * @param ofBytes whether words are to be written as bytes first
 * @throws {FormatError} for merges of what is no token.
 */
export function bytePairs(model: Part, ofBytes: boolean, name: string): WordModel {
  const vocabulary = vocabularyOf(model, name);
  const unknownToken = model['unk_token'];
  const unknown = typeof unknownToken === 'string' ? vocabulary.get(unknownToken) : undefined;
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix', 'dropout'])
    if (model[key] !== undefined && model[key] !== null && model[key] !== '' && model[key] !== 0)
      throw fault(name, `has a model with ${key}, which is not read`);
  const merges = mergesOf(model['merges'] ?? [], vocabulary, name);
  const wholeWords = model['ignore_merges'] === true;
  const fuses = model['fuse_unk'] === true;
  const ofByte = (write: (byte: number) => string): readonly (number | undefined)[] =>
    Array.from({ length: 256 }, (_, byte) => vocabulary.get(write(byte)));
  const bytes = ofByte((byte) => characterOfByte[byte] as string);
  const fallback =
    model['byte_fallback'] === true
      ? ofByte((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
      : undefined;

  /** The tokens that a word begins as. */
  const symbols = (word: string): number[] => {
    if (ofBytes) return Array.from(encodeUtf8(word), (byte) => bytes[byte] ?? unknown).filter(isId);
    const found: number[] = [];
    for (const character of word) {
      const id = vocabulary.get(character);
      if (id !== undefined) {
        found.push(id);
        continue;
      }
      const parts = fallback && Array.from(encodeUtf8(character), (byte) => fallback[byte]);
      if (parts?.every(isId)) found.push(...parts);
      else if (unknown !== undefined && !(fuses && found.at(-1) === unknown)) found.push(unknown);
    }
    return found;
  };
  const cuts = ofBytes ? undefined : cutsOf(vocabulary);
  return {
    vocabulary,
    unknown,
    fuses,
    ...(cuts && { cuts }),
    idsOf: (word) => {
      const whole = wholeWords ? vocabulary.get(ofBytes ? written(word) : word) : undefined;
      return whole === undefined ? merges.merged(symbols(word)) : [whole];
    },
  };
}

const isId = (id: number | undefined): id is number => id !== undefined;

/** A word as bytes that can be seen. */
export const written = (word: string): string => Array.from(encodeUtf8(word), (byte) => characterOfByte[byte]).join('');

function mergesOf(list: Json, vocabulary: ReadonlyMap<string, number>, name: string): Merges {
  if (!Array.isArray(list)) throw fault(name, 'has merges that are no list');
  const merges = new Merges(list.length);
  for (const each of list as readonly Json[]) {
    const space = typeof each === 'string' ? each.indexOf(' ') : -1;
    const isPair = Array.isArray(each) && typeof each[0] === 'string' && typeof each[1] === 'string';
    if (space < 0 && !isPair) throw fault(name, `has a merge ${merges.count} that is no pair of tokens`);
    const left = isPair ? (each[0] as string) : (each as string).slice(0, space);
    const right = isPair ? (each[1] as string) : (each as string).slice(space + 1);
    const [a, b, made] = [vocabulary.get(left), vocabulary.get(right), vocabulary.get(left + right)];
    if (a === undefined || b === undefined || made === undefined)
      throw fault(name, `has a merge ${merges.count} of what is no token of its vocabulary`);
    merges.add(a, b, made);
  }
  return merges;
}

/**
 * WordPiece: of a word the longest token that it begins with, and so on with what is left, where tokens are written with a
 * prefix. Source: J. Devlin and others, "BERT", 2019.
 */
import { fault, textIn, vocabularyOf, type Part } from '../tokenizer-json.ts';
import type { WordModel } from './model.ts';

/**
 * The model of a `tokenizer.json`.
 * @throws {FormatError} for an unknown token that is none.
 */
export function wordPiece(model: Part, name: string): WordModel {
  const vocabulary = vocabularyOf(model, name);
  const unknown = vocabulary.get(textIn(model, 'unk_token', '', name));
  if (unknown === undefined) throw fault(name, 'has a model of type WordPiece whose unk_token is none of its tokens');
  const prefix = textIn(model, 'continuing_subword_prefix', '##', name);
  const { max_input_chars_per_word: most = 100 } = model;
  if (typeof most !== 'number')
    throw fault(name, 'has a model of type WordPiece whose max_input_chars_per_word is no number');
  let longest = 0;
  for (const token of vocabulary.keys()) longest = Math.max(longest, token.length);

  const idsOf = (word: string): readonly number[] => {
    const characters = [...word];
    if (characters.length > most) return [unknown];
    const ids: number[] = [];
    for (let start = 0; start < characters.length;) {
      let end = Math.min(characters.length, start + longest);
      let id: number | undefined;
      for (; end > start; end--) {
        id = vocabulary.get((start > 0 ? prefix : '') + characters.slice(start, end).join(''));
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknown];
      ids.push(id);
      start = end;
    }
    return ids;
  };
  return { vocabulary, unknown, fuses: false, idsOf };
}

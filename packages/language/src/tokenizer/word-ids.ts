/** The ids of a text: cut into words, each of which is looked up before it is put together. */
import type { WordModel } from './model/model.ts';
import type { Splitter } from './text/splitters.ts';

/** Words that are remembered, and how long they may be: most of a text is a few thousand. */
const mostWords = 32_768;
const longestWord = 64;

/** A model of words behind what cuts a text. */
export class WordIds {
  readonly #model: WordModel;
  readonly #split: Splitter;
  readonly #known = new Map<string, readonly number[]>();

  constructor(model: WordModel, split: Splitter) {
    this.#model = model;
    this.#split = split;
  }

  /** Adds the ids of a text to others. */
  add(ids: number[], text: string, section: number): void {
    const { cuts, fuses, unknown } = this.#model;
    const first = ids.length;
    for (const word of this.#split(text, section)) {
      if (cuts && word.length > longestWord) for (const part of word.split(cuts)) this.#addWord(ids, part);
      else this.#addWord(ids, word);
    }
    if (fuses && unknown !== undefined) fuse(ids, first, unknown);
  }

  #addWord(ids: number[], word: string): void {
    const known = this.#known.get(word) ?? this.#made(word);
    for (const id of known) ids.push(id);
  }

  #made(word: string): readonly number[] {
    const ids = this.#model.idsOf(word);
    if (word.length > longestWord) return ids;
    if (this.#known.size === mostWords) this.#known.clear();
    this.#known.set(word, ids);
    return ids;
  }
}

/** Makes one of unknown ones that follow on one another. */
function fuse(ids: number[], first: number, unknown: number): void {
  let end = first;
  for (let at = first; at < ids.length; at++)
    if (ids[at] !== unknown || end === first || ids[end - 1] !== unknown) ids[end++] = ids[at] as number;
  ids.length = end;
}

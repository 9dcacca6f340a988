/** What puts a word together of tokens. */

/** A model of words. */
export interface WordModel {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknown: number | undefined;
  /** Whether ids of unknown words that follow on one another become one. */
  readonly fuses: boolean;
  /** The ids of a word. */
  readonly idsOf: (word: string) => readonly number[];
  /** Where a text may be cut without a change of its ids, where that is known. */
  readonly cuts?: RegExp;
}

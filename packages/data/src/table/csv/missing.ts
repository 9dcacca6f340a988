/** Which fields stand for a value that is missing. */
import { encodeUtf8 } from '@espalier/nn/format';

/** What stands for a missing value, where nothing else is said: what pandas takes for one, but for forms of Windows' NaN. */
export const missingWords: readonly string[] = [
  '',
  'NA',
  'N/A',
  'n/a',
  'NaN',
  'nan',
  '-NaN',
  '-nan',
  'null',
  'NULL',
  'None',
  '#N/A',
  '#NA',
  '<NA>',
];

/** Tells fields that stand for nothing, by their bytes. */
export class MissingFields {
  readonly #words: readonly (readonly Uint8Array[] | undefined)[];
  readonly #empty: boolean;

  constructor(words: readonly string[]) {
    const encoded = words.map(encodeUtf8);
    this.#empty = words.includes('');
    this.#words = Array.from({ length: 256 }, (_, first) => {
      const own = encoded.filter((word) => word[0] === first);
      return own.length > 0 ? own : undefined;
    });
  }

  /** Whether a field is one. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    if (end === start) return this.#empty;
    const words = this.#words[bytes[start] as number];
    return words !== undefined && words.some((word) => isEqual(word, bytes, start, end));
  }
}

function isEqual(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let index = 0; index < word.length; index++) if (word[index] !== bytes[start + index]) return false;
  return true;
}

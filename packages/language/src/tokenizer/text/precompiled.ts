/**
 * The table of replacements that SentencePiece files carry: a double array of u32 in little-endian that holds texts, and what
 * they become. Of a text the longest beginning that is in the table is replaced, first of a character with all that combines
 * with it, then of each code point. Source: SentencePiece's normalizer, and T. Kudo's Darts-clone.
 */
import { decodeBase64 } from '@espalier/models';
import { encodeUtf8 } from '@espalier/nn/format';
import { fault, type Part } from '../tokenizer-json.ts';
import { textOfBytes } from './bytes.ts';

/** A longer character is looked up by its code points. */
const longestCharacter = 6;

/** @throws {FormatError} for a table that is none. */
export function precompiled(part: Part, name: string): (text: string) => string {
  const { precompiled_charsmap: table } = part;
  if (table === null || table === undefined || table === '') return (text) => text;
  const bytes = typeof table === 'string' ? decodeBase64(table) : undefined;
  const size = bytes && bytes.length >= 4 ? new DataView(bytes.buffer).getUint32(0, true) : 0;
  if (!bytes || size === 0 || size % 4 !== 0 || 4 + size > bytes.length)
    throw fault(name, 'has a normalizer whose precompiled_charsmap is no table');
  const units = new Uint32Array(bytes.slice(4, 4 + size).buffer);
  const texts = bytes.subarray(4 + size);

  /** What a text becomes that is in the table, or begins with one that is. */
  const replaced = (text: string): string | undefined => {
    const key = encodeUtf8(text);
    let unit = units[0] as number;
    let at = offsetOf(unit);
    for (const byte of key) {
      at ^= byte;
      if (at >= units.length) return undefined;
      unit = units[at] as number;
      if ((unit & 0x800000ff) !== byte) return undefined;
      at ^= offsetOf(unit);
      if ((unit >>> 8) & 1) {
        const start = (units[at] ?? 0) & 0x7fffffff;
        const end = texts.indexOf(0, start);
        return textOfBytes(texts.subarray(start, end < 0 ? texts.length : end));
      }
    }
    return undefined;
  };
  const known = new Map<string, string>();
  const one = (character: string): string => {
    const found = known.get(character);
    if (found !== undefined) return found;
    const whole = encodeUtf8(character).length < longestCharacter ? replaced(character) : undefined;
    const made = whole ?? [...character].map((each) => replaced(each) ?? each).join('');
    if (known.size >= 4096) known.clear();
    known.set(character, made);
    return made;
  };
  const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const slowly = (text: string): string => {
    let made = '';
    for (const { segment } of segments.segment(text)) made += one(segment);
    return made;
  };
  // Most of most texts: letters that stay, of which the last one may have to do with what follows.
  const plain = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
  if (!plain.every((character) => one(character) === character)) return slowly;
  return (text) => text.replaceAll(/[ -~]?[^ -~]+/gu, slowly);
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

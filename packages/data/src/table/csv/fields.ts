/** What bytes of a field mean: a number, a truth value, a text. */
import { textOrPlace, findNonUtf8 } from '../../bytes/utf8.ts';
import type { LatinText } from './latin-text.ts';

/** Powers of ten that doubles hold exactly. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** What `readNumber` saw of the number that it gave last; one object, since millions of fields are read. */
export const seen = {
  /** Whether it was written without point and exponent, and fits i32. */
  isInt32: false,
  /** Whether digits mean more than its value: a leading zero. */
  isCode: false,
  /** Whether it is an integer that no double holds: as digits it means more, as a number it is rounded like others. */
  isLong: false,
  /** Whether it was written with a point or an exponent. */
  isFraction: false,
};

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57;
const isBlank = (byte: number | undefined): boolean => byte === 32 || byte === 9;

/** Infinities in words; NaN of all else. */
function infinity(text: string): number {
  seen.isInt32 = seen.isCode = seen.isLong = false;
  seen.isFraction = true;
  const [, sign] = /^([+-]?)inf(?:inity)?$/i.exec(text) ?? [];
  return sign === undefined ? NaN : sign === '-' ? -Infinity : Infinity;
}

/** The longest text that may be an infinity. */
const longestWord = 9;

/**
 * The number that a field stands for, blanks around it aside; NaN where it is none. Up to 15 digits and powers of ten up to 22 it is one
 * exact quotient or product, and beyond them what JavaScript makes of the text. Source: W. Clinger, "How to read floating point
 * numbers accurately", PLDI 1990.
 */
export function readNumber(bytes: Uint8Array, from: number, to: number, latin: LatinText): number {
  let start = from;
  let end = to;
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  const isNegative = bytes[start] === 45;
  const first = start < end && (isNegative || bytes[start] === 43) ? start + 1 : start;
  let at = first;
  let mantissa = 0;
  let byte = 0;
  while (at < end && (byte = bytes[at] as number) >= 48 && byte <= 57) {
    mantissa = mantissa * 10 + (byte - 48);
    at++;
  }
  let digits = at - first;
  let exponent = 0;
  const isInteger = at === end;
  if (!isInteger && bytes[at] === 46) {
    const point = at++;
    while (at < end && (byte = bytes[at] as number) >= 48 && byte <= 57) {
      mantissa = mantissa * 10 + (byte - 48);
      at++;
    }
    exponent = point + 1 - at;
    digits -= exponent;
  }
  if (digits === 0) return end - start > longestWord || isInteger ? NaN : infinity(latin.slice(start, end));
  if (at < end && ((bytes[at] as number) | 32) === 101) {
    at++;
    const sign = bytes[at];
    if (at < end && (sign === 45 || sign === 43)) at++;
    if (at === end) return NaN;
    let written = 0;
    while (at < end && isDigit(bytes[at])) written = Math.min(written * 10 + (bytes[at++] as number) - 48, 100_000);
    exponent += sign === 45 ? -written : written;
  }
  if (at < end) return NaN;
  const isShort = digits <= 15 && exponent <= 22 && exponent >= -22;
  const size = isShort
    ? exponent < 0
      ? mantissa / (powers[-exponent] as number)
      : mantissa * (powers[exponent] as number)
    : Number(latin.slice(first, end));
  const value = isNegative ? -size : size;
  seen.isInt32 = isInteger && value === (value | 0);
  seen.isCode = isInteger && digits > 1 && bytes[first] === 48;
  seen.isLong = isInteger && digits > 15 && !Number.isSafeInteger(value);
  seen.isFraction = !isInteger;
  return value;
}

/** The small letters of both words, and how they may be written: with all, the first or no capitals. */
const words: readonly (readonly [value: number, letters: readonly number[]])[] = [
  [1, [116, 114, 117, 101]],
  [0, [102, 97, 108, 115, 101]],
];

/** 1 or 0 of a field that says `true` or `false`, in small, capital or one capital letter; -1 of another. */
export function readTruth(bytes: Uint8Array, start: number, end: number): number {
  for (const [value, letters] of words) {
    if (letters.length !== end - start) continue;
    const capitals = letters.filter((letter, index) => bytes[start + index] === letter - 32).length;
    const others = letters.filter((letter, index) => bytes[start + index] === letter).length;
    const isFirst = bytes[start] === (letters[0] as number) - 32;
    if (capitals + others === letters.length && (capitals === 0 || others === 0 || (capitals === 1 && isFirst)))
      return value;
  }
  return -1;
}

/** Up to this many characters engines copy a part of a text; a longer part keeps the whole alive. */
const copied = 12;

/** The text of a field, with quotes that are doubled as one; or the place of the first byte that is no UTF-8. */
export function readText(bytes: Uint8Array, start: number, end: number, latin: LatinText): string | number {
  if (end >= 0 && end - start <= copied) {
    let at = start;
    while (at < end && (bytes[at] as number) < 0x80) at++;
    if (at === end) return latin.slice(start, end);
  }
  const text = textOrPlace(bytes, start, end < 0 ? ~end : end);
  return end < 0 && typeof text === 'string' ? text.replaceAll('""', '"') : text;
}

/** The place of the first byte of a field that is no UTF-8; -1 if all are. */
export function flawOf(bytes: Uint8Array, start: number, end: number): number {
  return findNonUtf8(bytes, start, end < 0 ? ~end : end);
}

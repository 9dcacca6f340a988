/** UTF-8 with the place of what is none. */
import { decodeUtf8 } from '@espalier/nn/format';

/** Where the first byte is that is no ASCII; `end` if there is none. */
function asciiUntil(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) < 0x80) at++;
  return at;
}

/** How many bytes the character takes whose first is given; 0 if none begins so. */
function lengthBy(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/** The code point at a place, or -1 where the bytes are none. */
function pointAt(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at] as number;
  let point = first & (0xff >> (length + 1));
  for (let index = 1; index < length; index++) {
    const byte = bytes[at + index] as number;
    if ((byte & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (byte & 63);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  return point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? -1 : point;
}

/** The place of the first byte that is not UTF-8; -1 if there is none. */
export function findNonUtf8(bytes: Uint8Array, start: number, end: number): number {
  for (let at = asciiUntil(bytes, start, end); at < end;) {
    const length = lengthBy(bytes[at] as number);
    if (length === 0 || at + length > end || (length > 1 && pointAt(bytes, at, length) < 0)) return at;
    at += length;
  }
  return -1;
}

/** The text of some bytes, or the place of the first that is not UTF-8. */
export function textOrPlace(bytes: Uint8Array, start = 0, end: number = bytes.length): string | number {
  return decodeUtf8(bytes, start, end) ?? findNonUtf8(bytes, start, end);
}

/** UTF-8 to text, fast for what is ASCII and strict for the rest: the language itself has no decoder. */

/** How many character codes one call takes: engines limit the arguments of a call. */
const atOnce = 4096;

/** Where the first byte is that is no ASCII; `end` if there is none. */
function asciiUntil(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) < 0x80) at++;
  return at;
}

function fromCodes(codes: Uint8Array | Uint16Array): string {
  return String.fromCharCode.apply(null, codes as unknown as number[]);
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

/** The text of some bytes, or the place of the first that is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string | number {
  const ascii = asciiUntil(bytes, start, end);
  if (ascii === end && end - start <= atOnce) return fromCodes(bytes.subarray(start, end));
  const parts: string[] = [];
  const units = new Uint16Array(Math.min(atOnce + 1, end - start));
  let used = 0;
  for (let at = start; at < end;) {
    const length = lengthBy(bytes[at] as number);
    if (length === 0 || at + length > end) return at;
    const point = length === 1 ? (bytes[at] as number) : pointAt(bytes, at, length);
    if (point < 0) return at;
    if (point < 0x10000) units[used++] = point;
    else {
      units[used++] = 0xd800 + ((point - 0x10000) >> 10);
      units[used++] = 0xdc00 + ((point - 0x10000) & 1023);
    }
    at += length;
    if (used >= atOnce) {
      parts.push(fromCodes(units.subarray(0, used)));
      used = 0;
    }
  }
  parts.push(fromCodes(units.subarray(0, used)));
  return parts.join('');
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

/** Text as UTF-8; lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(3 * text.length);
  let at = 0;
  const more = (point: number, shift: number): number => 0x80 | ((point >> shift) & 63);
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    const point = code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
    if (point < 0x80) bytes[at++] = point;
    else if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
      bytes[at++] = more(point, 0);
    } else if (point < 0x10000) {
      bytes[at++] = 0xe0 | (point >> 12);
      bytes[at++] = more(point, 6);
      bytes[at++] = more(point, 0);
    } else {
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = more(point, 12);
      bytes[at++] = more(point, 6);
      bytes[at++] = more(point, 0);
    }
  }
  return bytes.slice(0, at);
}

/** Bytes as characters that can be seen, as vocabularies of bytes write them. Source: OpenAI's GPT-2. */
import { decodeUtf8 } from '@espalier/nn/format';

const visible = (byte: number): boolean =>
  (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);

/** The character of each byte: itself where it can be seen, else one from U+0100 on, in their order. */
export const characterOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (visible(byte)) return String.fromCharCode(byte);
  let before = 0;
  for (let each = 0; each < byte; each++) if (!visible(each)) before++;
  return String.fromCharCode(256 + before);
});

/** The byte of each such character. */
export const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  characterOfByte.map((character, byte) => [character, byte]),
);

/** Bytes as text; each longest beginning of a character that does not go on as one becomes U+FFFD. Source: Unicode, 3.9. */
export function textOfBytes(bytes: Uint8Array): string {
  const whole = decodeUtf8(bytes);
  if (whole !== undefined) return whole;
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterAt(bytes, at);
    text += length > 0 ? (decodeUtf8(bytes, at, at + length) as string) : '\uFFFD';
    at += Math.abs(length);
  }
  return text;
}

/** The first byte of a character: how many follow, and between what the second one lies. */
const forms: readonly (readonly [first: number, last: number, more: number, low: number, high: number])[] = [
  [0x00, 0x7f, 0, 0, 0],
  [0xc2, 0xdf, 1, 0x80, 0xbf],
  [0xe0, 0xe0, 2, 0xa0, 0xbf],
  [0xed, 0xed, 2, 0x80, 0x9f],
  [0xe1, 0xef, 2, 0x80, 0xbf],
  [0xf0, 0xf0, 3, 0x90, 0xbf],
  [0xf4, 0xf4, 3, 0x80, 0x8f],
  [0xf1, 0xf3, 3, 0x80, 0xbf],
];

/** The length of the character at a place; below 0 how many bytes there are none. */
function characterAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  const form = forms.find(([first, last]) => byte >= first && byte <= last);
  if (!form) return -1;
  const [, , more, low, high] = form;
  for (let next = 1; next <= more; next++) {
    const each = bytes[at + next] ?? 0;
    if (each < (next === 1 ? low : 0x80) || each > (next === 1 ? high : 0xbf)) return -next;
  }
  return more + 1;
}

/** Bytes as text, without the host's help, which the language itself does not have. Source: RFC 4648. */

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values: ReadonlyMap<string, number> = new Map([...digits].map((digit, value) => [digit, value]));
/** Groups of three bytes that become text at once. */
const groups = 1024;

/** Bytes in base64. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += 3 * groups) {
    const part: string[] = [];
    const end = Math.min(from + 3 * groups, bytes.length);
    for (let at = from; at < end; at += 3) {
      const word = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      const four = [18, 12, 6, 0].map((shift) => digits[(word >> shift) & 63] as string);
      part.push(...four.slice(0, Math.min(4, end - at + 1)), '='.repeat(Math.max(0, 3 - (end - at))));
    }
    text += part.join('');
  }
  return text;
}

/** The bytes of a text in base64; undefined where it is none. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const given = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  const bytes = new Uint8Array(Math.floor((given * 3) / 4));
  for (let at = 0; at < given; at += 4) {
    let word = 0;
    for (let digit = 0; digit < 4; digit++) {
      const value = at + digit < given ? values.get(text[at + digit] as string) : 0;
      if (value === undefined) return undefined;
      word = (word << 6) | value;
    }
    const place = (at / 4) * 3;
    for (let byte = 0; byte < 3 && place + byte < bytes.length; byte++)
      bytes[place + byte] = (word >> (16 - 8 * byte)) & 255;
  }
  return bytes;
}

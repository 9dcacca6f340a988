/** UTF-8 without the host's TextEncoder, which the language itself does not have. */

/** Text as UTF-8 bytes; lone surrogates become U+FFFD. */
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

/** Leading byte beyond ASCII → number of further bytes and the smallest code point that needs them. */
const forms = [
  { mask: 0xe0, lead: 0xc0, more: 1, least: 0x80 },
  { mask: 0xf0, lead: 0xe0, more: 2, least: 0x800 },
  { mask: 0xf8, lead: 0xf0, more: 3, least: 0x10000 },
] as const;

/** How many UTF-16 units become text at once: a call takes so many arguments on every host. */
const unitsAtOnce = 4096;
const units = new Uint16Array(unitsAtOnce);

function textOf(count: number): string {
  // Of short texts, of which vocabularies have many, making a view would be most of the work.
  if (count <= 8) {
    let text = '';
    for (let index = 0; index < count; index++) text += String.fromCharCode(units[index] as number);
    return text;
  }
  return String.fromCharCode(...units.subarray(0, count));
}

/** UTF-8 bytes, from `start` to before `end`, as text; nothing if they are not well formed. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string | undefined {
  let text = '';
  let used = 0;
  for (let index = start; index < end;) {
    const first = bytes[index] as number;
    if (used + 2 > unitsAtOnce) {
      text += textOf(used);
      used = 0;
    }
    if (first < 0x80) {
      units[used++] = first;
      index++;
      continue;
    }
    const form = forms.find(({ mask, lead }) => (first & mask) === lead);
    if (!form || index + form.more >= end) return undefined;
    let point = first & ~form.mask & 0xff;
    for (let next = 1; next <= form.more; next++) {
      const byte = bytes[index + next] as number;
      if ((byte & 0xc0) !== 0x80) return undefined;
      point = (point << 6) | (byte & 63);
    }
    if (point < form.least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
    if (point < 0x10000) units[used++] = point;
    else {
      units[used++] = 0xd7c0 + (point >> 10);
      units[used++] = 0xdc00 | (point & 1023);
    }
    index += form.more + 1;
  }
  return text + textOf(used);
}

/**
 * What JSON.parse makes of a text may take twenty times its memory: a key of two letters is a text of its own and a place in a table.
 * So much is estimated before, and held to a few times the file.
 */
import { FormatError } from '../errors.ts';

/** Bytes that may be taken however small a file is. */
const free = 6 << 20;
/** How many times the file may be taken besides by what becomes of it: its bytes and its text are held, too. */
const mostTimes = 2;
/** No text takes more for one of its characters. */
const mostPerCharacter = 128;

/** Bytes of an object, with what a reader makes of it, of a list, of a key in a table, of a text and of any value in its place. */
const costs = { object: 256, list: 48, key: 64, text: 40, value: 8 } as const;

const [quote, backslash, comma, colon, bracket, brace] = [34, 92, 44, 58, 91, 123] as const;

const costOf = new Map<number, number>([
  [comma, costs.value],
  [colon, costs.key],
  [bracket, costs.list],
  [brace, costs.object],
]);

/** Where a text ends that begins with the quote at a place. */
function textEnd(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const end = text.indexOf('"', at);
    if (end < 0) return text.length;
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before--;
    if ((end - before) % 2 === 0) return end;
    at = end;
  }
}

/**
 * Looks whether what a text stands for takes no more memory than it may.
 * @param size bytes of the file that it is in
 * @throws {FormatError} for a text of so many small values that it does.
 */
export function checkJsonMemory(text: string, source: string, offset = 0, size: number = text.length): void {
  const most = free + mostTimes * Math.max(size, text.length);
  if (text.length * mostPerCharacter <= most) return;
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      bytes += costs.text;
      at = textEnd(text, at);
    } else bytes += costOf.get(code) ?? 0;
    if (bytes > most)
      throw new FormatError(
        source,
        offset + at,
        `the JSON has more small values than ${text.length} characters may have: until here they take over ${most} bytes of memory`,
      );
  }
}

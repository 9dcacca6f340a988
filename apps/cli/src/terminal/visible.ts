/**
 * Text from outside, made harmless to show: it may hold what moves a cursor, hides what follows it, or is a password.
 */
import { withoutSecrets } from '@espalier/search';
import type { Output } from './terminal.ts';

/**
 * Controls, formats (which turn, join or hide what is around them), halves of characters, and letters that show nothing;
 * line breaks and tabs aside.
 */
const invisible = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{115F}\u{1160}\u{3164}\u{FFA0}]/gu;

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x1_00_00 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * A text from outside as it may be shown: what would move the cursor, colour or hide something, or turn the direction of
 * what follows is written as its code. Line breaks and tabs stay, passwords in URLs do not.
 */
export function visible(text: string): string {
  return withoutSecrets(text).replaceAll(invisible, escaped);
}

/** A text from outside for the middle of a line. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll(/[\n\t]/gu, (character) => (character === '\n' ? '\\n' : '\\t'));
}

// oxlint-disable-next-line no-control-regex -- an escape sequence starts with a control character
const styles = /(\u001B\[[0-9;]*m)/u;

/** A text of ours as it may be printed on a stream: as {@link visible}, but for the styles that a terminal was given. */
export function printable(text: string, { isTTY = false }: Output): string {
  if (!isTTY) return visible(text);
  return text
    .split(styles)
    .map((part) => (styles.test(part) ? part : visible(part)))
    .join('');
}

/**
 * A text that was asked for as it is, such as what a model says: harmless on a terminal, and to the letter in a file or for another
 * program, since joiners and marks of direction belong to many writings.
 */
export function asAsked(text: string, stream: Output): string {
  return stream.isTTY === true ? printable(text, stream) : text;
}

/** A value as a line of JSON, in which nothing is invisible either. */
export function jsonLine(value: unknown): string {
  const hexadecimal = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
  return withoutSecrets(JSON.stringify(value)).replaceAll(invisible, (character) =>
    Array.from({ length: character.length }, (_, index) => hexadecimal(character.charCodeAt(index))).join(''),
  );
}

/** As long as a quoted value may be. */
const longest = 80;

/** Cuts a text to so many characters, saying that it did. */
export function shortened(text: string, length: number = longest): string {
  const characters = Array.from(text.slice(0, 2 * length + 2));
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** A value as a message quotes it: its kind or its text, on one line and not long. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string') return `'${visibleLine(shortened(value))}'`;
  if (typeof value === 'object' && value !== null) {
    const name: unknown = Reflect.get(Object(value.constructor), 'name');
    return Array.isArray(value)
      ? 'an array'
      : typeof name === 'string' && name !== 'Object'
        ? `a ${shortened(name)}`
        : 'an object';
  }
  return String(value);
}

/** How long a word, a quotation and a whole message may be. */
const [longestWord, longestQuotation, longestMessage] = [300, 200, 2000];

/** Takes out the middle of a text that is too long, since both ends tell something. */
function withoutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const [head, tail] = [Math.ceil(length * 0.7), Math.floor(length * 0.3)];
  return `${text.slice(0, head).replace(/[\uD800-\uDBFF]$/u, '')}…${text.slice(-tail).replace(/^[\uDC00-\uDFFF]/u, '')}`;
}

/** A message as one line of reasonable length, whatever it quotes. */
export function messageLine(message: string): string {
  const line = visibleLine(message.replaceAll(/\s*\n\s*/gu, ' '))
    .replaceAll(/'[^']+'/gu, (quotation) => withoutMiddle(quotation, longestQuotation))
    .replaceAll(/\S+/gu, (word) => withoutMiddle(word, longestWord));
  return withoutMiddle(line, longestMessage);
}

/** What a terminal can do: its width, its styles, and how wide a text is in it. */
import { styleText } from 'node:util';

/** What is printed to: a stream of the process, or what a test puts in its place. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The ways text is set apart. */
export type Style = Parameters<typeof styleText>[0];

/** Styles a text for a stream; plain where the stream is no terminal or NO_COLOR is set. */
export function style(format: Style, text: string, stream: Output): string {
  return styleText(format, text, { stream });
}

// oxlint-disable-next-line no-control-regex -- an escape sequence starts with a control character
const escapeSequence = /(\u001B\[[0-9;]*m)/gu;

/** The width of a text in a terminal, escape sequences aside. */
export function widthOf(text: string): number {
  return [...text.replaceAll(escapeSequence, '')].length;
}

/** The width of a terminal; some tell none. */
export function columnsOf({ columns }: Output): number {
  return columns === undefined || columns < 1 ? 80 : columns;
}

/** Cuts a text to a width, escape sequences aside. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let [room, result] = [Math.max(0, width - 1), ''];
  for (const part of text.split(escapeSequence)) {
    // What ends a style is kept, so that it does not colour what follows.
    if (part.startsWith('\u001B')) result += part;
    else {
      const kept = [...part].slice(0, room);
      room -= kept.length;
      result += kept.join('');
      if (room === 0 && kept.length < [...part].length && !result.includes('…')) result += '…';
    }
  }
  return result;
}

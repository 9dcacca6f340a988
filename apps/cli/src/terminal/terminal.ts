import { styleText } from 'node:util';

/** What is printed to: a stream of the process, or what a test puts in its place. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The ways text is set apart. */
export type Style = Parameters<typeof styleText>[0];

/** Styles a text for a stream; plain where the stream is no terminal or NO_COLOR is set. */
export function style(format: Style, text: string, stream: Output): string {
  return styleText(format, text, { stream });
}

// oxlint-disable-next-line no-control-regex -- an escape sequence starts with a control character
const escapeSequence = /\u001B\[[0-9;]*m/gu;

/** The width of a text in a terminal, escape sequences aside. */
export function widthOf(text: string): number {
  return [...text.replaceAll(escapeSequence, '')].length;
}

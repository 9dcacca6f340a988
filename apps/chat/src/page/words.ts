/** Figures in the words of the page. */
import type { AnswerFigures, OpenedFacts, Told } from '../messages.ts';

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;

/** How much of a file was read. */
export function readingWords({ read, size }: Extract<Told, { readonly type: 'reading' }>): string {
  return `reading: ${megabytes(read)} of ${megabytes(size)}`;
}

/** What was opened, and where it computes. */
export function openedWords({ family, vocabulary, context, bytes, milliseconds, device, about }: OpenedFacts): string {
  return `${family}, ${vocabulary} tokens, context ${context}, ${megabytes(bytes)}, on ${device} (${about}): ${seconds(milliseconds)}`;
}

/** How fast an answer comes. */
export function figuresWords({ prompt, tokens, firstTokenMs, rate, bytes }: AnswerFigures): string {
  const speed = rate === undefined ? '' : `, ${rate.toFixed(1)} tokens a second`;
  return `${prompt} tokens of prompt, first token after ${seconds(firstTokenMs)}; ${tokens} tokens${speed}; ${megabytes(bytes)} of memory`;
}

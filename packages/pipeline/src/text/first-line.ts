/** The first line of a text that may have many, such as an error's message with a trace below it. */
export function firstLine(text: string): string {
  return text.trimStart().split(/\r?\n/u, 1)[0] ?? '';
}

/** What comes on stdin. */
import { createInterface } from 'node:readline';
import type { Input, Session } from '../cli/session.ts';

/** All of it, without the end of its last line; nothing of a terminal, where nobody knows that more is awaited. */
export async function allOf(stdin: Input): Promise<string> {
  if (stdin.isTTY === true) return '';
  let text = '';
  stdin.setEncoding('utf8');
  for await (const chunk of stdin) text += String(chunk);
  return text.replace(/\r?\n$/u, '');
}

/** Line after line; of a terminal behind a sign that one is awaited. Ends when the user has enough. */
export async function* linesOf({ stdin, stderr, interrupt }: Session): AsyncGenerator<string, void> {
  const isTerminal = stdin.isTTY === true;
  const lines = createInterface({
    input: stdin,
    ...(isTerminal && { output: stderr, prompt: '> ' }),
    terminal: isTerminal,
  });
  interrupt.onAbort(() => lines.close());
  // A terminal in raw mode gives no signal.
  lines.on('SIGINT', () => process.emit('SIGINT'));
  try {
    if (isTerminal) lines.prompt();
    for await (const line of lines) {
      yield line;
      if (interrupt.aborted) return;
      if (isTerminal) lines.prompt();
    }
  } finally {
    lines.close();
  }
}

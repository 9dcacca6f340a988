/** Keeps what an objective prints apart from what the command says. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';

/**
 * Runs something whose `console` speaks through a function, so that what an objective prints neither mixes with the
 * result on stdout nor breaks the view on a terminal.
 */
export async function withConsole<Result>(print: (text: string) => void, run: () => Promise<Result>): Promise<Result> {
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      print(text.replace(/\n$/u, ''));
      done();
    },
  });
  const own = globalThis.console;
  globalThis.console = new Console({ stdout: stream, stderr: stream });
  try {
    return await run();
  } finally {
    globalThis.console = own;
  }
}

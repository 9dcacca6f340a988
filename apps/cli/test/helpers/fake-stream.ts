import { Writable } from 'node:stream';

/** A stream that remembers what was written to it, and says whether it is a terminal. */
export class FakeStream extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows?: number;
  text = '';

  constructor({ isTTY = false, columns = 80, rows }: { isTTY?: boolean; columns?: number; rows?: number } = {}) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
    if (rows !== undefined) this.rows = rows;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}

/** Shards that a thread of their own reads: what comes next is decoded while this one trains. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { FormatError } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { DataError } from '../../errors.ts';
import type { PartRows, Shards } from '../../stream/shards.ts';
import type { SideError, SideRequest, SideResponse, SideSetup } from './side-messages.ts';

/** Shards with a thread, which ends when they are closed, and keeps no process alive that has nothing else to do. */
export interface SideShards extends Shards {
  readonly close: () => Promise<void>;
}

/** The worker as it is built: threads do not share whatever would run TypeScript. */
const workerFile = [
  new URL('./side-worker.js', import.meta.url),
  new URL('../../../dist/node/stream/side-worker.js', import.meta.url),
].find((url) => existsSync(url));

/** Errors that callers tell apart. */
const classes: Readonly<Record<string, { readonly prototype: object }>> = { FormatError, DataError };

/** An error of the other thread, of the class that it had there; one that callers do not tell apart names the file. */
function received({ name, message, stack, fields }: SideError, path: string): Error {
  const known = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (!known) return new FormatError(path, 0, `the thread that reads it says ${name}: ${message}`);
  const error = Object.create(known.prototype) as Error;
  return Object.assign(
    Object.defineProperties(error, { message: { value: message }, stack: { value: stack } }),
    fields,
  );
}

interface Waiting {
  readonly promise: Promise<PartRows>;
  readonly resolve: (rows: PartRows) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests to a thread, which is started by the first of them. */
class SideThread {
  readonly #setup: SideSetup;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #ended: Error | undefined;

  constructor(setup: SideSetup) {
    this.#setup = setup;
  }

  read(part: number): Promise<PartRows> {
    const known = this.#waiting.get(part);
    if (known) return known.promise;
    if (this.#ended) return Promise.reject(this.#ended);
    const worker = (this.#worker ??= this.#start());
    let own: Omit<Waiting, 'promise'> | undefined;
    const promise = new Promise<PartRows>((resolve, reject) => {
      own = { resolve, reject };
    });
    this.#waiting.set(part, { promise, ...(own as unknown as Omit<Waiting, 'promise'>) });
    // Only while somebody waits does it keep the process alive.
    worker.ref();
    worker.postMessage({ part } satisfies SideRequest, []);
    return promise;
  }

  #start(): Worker {
    if (!workerFile)
      throw new ArgumentError('sideThread', 'there is no side-worker.js beside this module; build the package');
    // None of the flags of this process: they may be for its own program, such as those of a program in a text.
    const worker = new Worker(workerFile, { workerData: this.#setup, execArgv: [] });
    worker.on('message', (response: SideResponse) => this.#take(response));
    worker.on('error', (error) => this.#end(`failed: ${error.message}`));
    worker.on('exit', (code) => this.#end(`ended with code ${code}`));
    return worker;
  }

  #take(response: SideResponse): void {
    const waiting = this.#waiting.get(response.part);
    this.#waiting.delete(response.part);
    if ('rows' in response) waiting?.resolve(response.rows);
    else waiting?.reject(received(response.error, this.#setup.file.path));
    if (this.#waiting.size === 0) this.#worker?.unref();
  }

  #end(how: string): void {
    this.#ended ??= new FormatError(
      this.#setup.file.path,
      0,
      `the thread that reads it ${how}; try again, or read it without one`,
    );
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    this.#end('was closed');
    await this.#worker?.terminate();
  }
}

/** The same shards, read by a thread. */
export function onSideThread(shards: Shards, setup: SideSetup): SideShards {
  const thread = new SideThread(setup);
  return { ...shards, read: (part) => thread.read(part), close: () => thread.close() };
}

/**
 * Renews claims from a thread: an objective that computes for minutes without a pause would lose its trial otherwise.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { StorageError, type ClaimToken, type KeepAlive } from '@espalier/search';

/** What the thread is started with. */
export interface KeepAliveSetup {
  readonly url: string;
  readonly study: string;
  readonly lease: number;
}

/** What the thread is told. */
export type KeepAliveRequest =
  | { readonly type: 'hold' | 'drop'; readonly claim: ClaimToken }
  | { readonly type: 'close' };

/** The thread's file as it is built, wherever this one is: threads do not share whatever would run TypeScript. */
const threadFile = new URL('../dist/keep-alive-thread.js', import.meta.url);

/** From source, this process was told to look for sources; the thread is not, since it could not run them. */
const threadOptions: WorkerOptions = import.meta.url.endsWith('.ts') ? { execArgv: [] } : {};

/**
 * Renews claims of a study from a thread of its own, with its own connection to the storage: it goes on while the main
 * thread computes, and ends with the process.
 *
 * @param lease milliseconds for which each renewal holds; there are three in that time
 * @throws {StorageError} when the thread cannot open the storage.
 */
export async function keepAlive(url: string, study: string, lease: number): Promise<KeepAlive> {
  const workerData: KeepAliveSetup = { url, study, lease };
  const worker = new Worker(threadFile, { ...threadOptions, workerData, name: 'espalier keep-alive' });
  worker.unref();
  const ended = new Promise<void>((resolve) => void worker.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    // Later on nobody listens: claims then run out, and writes under them say so.
    worker.once('error', (cause) => {
      reject(new StorageError(url, 'the thread that keeps claims alive did not start: see the cause', { cause }));
    });
  });
  const send = (request: KeepAliveRequest): void => worker.postMessage(request, []);
  return {
    hold: ({ number, attempt }) => send({ type: 'hold', claim: { number, attempt } }),
    drop: ({ number, attempt }) => send({ type: 'drop', claim: { number, attempt } }),
    // Ends by itself, not in the middle of a transaction; until then the process does not end either.
    close: async () => {
      worker.ref();
      send({ type: 'close' });
      await ended;
    },
  };
}

/** Starts threads: those of Node, or workers of a browser's page. */
import { makeInterpreter } from '../program/interpret.ts';
import { makeShares } from './range.ts';
import { serve, type ThreadSetup } from './serve.ts';

/** A thread that was started. */
export interface Thread {
  /** Ends it, wherever it is. */
  readonly end: () => void;
}

/** The parts of a worker that are needed, of Node's and of a browser's. */
interface AnyWorker {
  terminate(): unknown;
  postMessage(message: unknown, transfer: readonly object[]): void;
  unref?(): void;
  on?(event: 'error' | 'exit', listener: (cause: unknown) => void): void;
  addEventListener?(
    event: 'error',
    listener: (event: { readonly message?: string; preventDefault(): void }) => void,
  ): void;
}

interface Host {
  readonly process?: { getBuiltinModule?(name: string): unknown };
  readonly Worker?: new (url: string) => AnyWorker;
  readonly Blob?: new (parts: readonly string[], options: { type: string }) => object;
  readonly URL: { createObjectURL?(blob: object): string; revokeObjectURL?(url: string): void };
}

interface NodeThreads {
  readonly Worker: new (source: string, options: object) => AnyWorker;
}

/**
 * The text of a thread: functions that refer to nothing outside of themselves, and what hands them their setup. `__name` is
 * what some compilers wrap functions in.
 */
const source = (): string => `
const __name = (f) => f;
const serve = ${String(serve)};
const makeInterpreter = ${String(makeInterpreter)};
const makeShares = ${String(makeShares)};
if (typeof require === 'function') serve(makeInterpreter, makeShares, require('node:worker_threads').workerData);
else globalThis.onmessage = ({ data }) => serve(makeInterpreter, makeShares, data);
`;

/**
 * Starts a thread, which comes up by itself while this one goes on; undefined where the host has none. `onFailure` is told
 * what it failed by, if it does, or that it is gone without anybody having ended it; of a browser's worker that is not known.
 */
export function startThread(setup: ThreadSetup, onFailure: (problem: string) => void): Thread | undefined {
  const host = globalThis as unknown as Host;
  const node = host.process?.getBuiltinModule?.('node:worker_threads') as NodeThreads | undefined;
  if (node) {
    // Neither loaders nor options of the process are for it.
    const options = { eval: true, workerData: setup, execArgv: [], env: {}, name: 'espalier cpu' };
    const worker = new node.Worker(source(), options);
    // Whoever fails is gone too: only the first is told of.
    let isOver = false;
    const tell = (problem: string): void => {
      if (!isOver) onFailure(problem);
      isOver = true;
    };
    worker.on?.('error', (error) => tell(String(error)));
    worker.on?.('exit', (code) => tell(`it ended with code ${String(code)}`));
    worker.unref?.();
    return {
      end: () => {
        isOver = true;
        void worker.terminate();
      },
    };
  }
  const { Worker, Blob, URL } = host;
  if (!Worker || !Blob || !URL.createObjectURL) return undefined;
  const url = URL.createObjectURL(new Blob([source()], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.addEventListener?.('error', (event) => {
    event.preventDefault();
    onFailure(event.message ?? 'the page lets no worker start from a blob');
  });
  worker.postMessage(setup, []);
  return {
    end: () => {
      worker.terminate();
      URL.revokeObjectURL?.(url);
    },
  };
}

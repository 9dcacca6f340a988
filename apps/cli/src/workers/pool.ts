import { Worker } from 'node:worker_threads';
import type { ProgressListener } from '../pipeline/job.ts';
import { receiveError } from './messages.ts';
import type { Request, Response, WorkerSetup } from './messages.ts';

/** Runs jobs in worker threads, so that this thread can draw and listen. */
export interface WorkerPool {
  /** Runs a job on the first thread that is free. Rejects with what the job threw. */
  run(job: string, input: unknown, onProgress?: ProgressListener): Promise<unknown>;
  /** Ends the threads, whatever they are doing. */
  close(): Promise<void>;
}

interface Waiting extends Request {
  readonly onProgress: ProgressListener;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The worker beside this file, as it is built: threads do not share whatever would run TypeScript. */
const workerFile = new URL('./worker.js', import.meta.url);

/** One thread: started when first needed, and again after it died. */
class Thread {
  readonly #setup: WorkerSetup;
  #worker: Worker | undefined;
  /** Ends the job in hand. */
  #finish: ((settle: (job: Waiting) => void) => void) | undefined;
  #current: Waiting | undefined;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  /** Does a job; settles it, and then resolves. */
  do(waiting: Waiting): Promise<void> {
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve) => {
      this.#current = waiting;
      this.#finish = (settle) => {
        this.#current = undefined;
        this.#finish = undefined;
        worker.unref();
        settle(waiting);
        resolve();
      };
      worker.ref();
      const { job, input } = waiting;
      // Nothing is transferred: a job's input is copied.
      worker.postMessage({ job, input } satisfies Request, []);
    });
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    const worker = new Worker(workerFile, { workerData: this.#setup });
    const die = (error: unknown): void => {
      this.#worker = undefined;
      this.#finish?.(({ reject }) => reject(error));
    };
    worker.on('message', (response: Response) => {
      if (response.type === 'progress') this.#current?.onProgress(response.done, response.total, response.note);
      else if (response.type === 'result') this.#finish?.(({ resolve }) => resolve(response.output));
      else this.#finish?.(({ reject }) => reject(receiveError(response.error)));
    });
    worker.on('error', die);
    worker.on('exit', (code) => die(new Error(`a worker thread ended with code ${code}`)));
    return worker;
  }
}

/** Makes a pool of so many threads. */
export function createWorkerPool(setup: WorkerSetup, size: number): WorkerPool {
  const threads = Array.from({ length: size }, () => new Thread(setup));
  const free = [...threads];
  const queue: Waiting[] = [];
  const assign = (): void => {
    const thread = queue.length > 0 ? free.shift() : undefined;
    const waiting = thread === undefined ? undefined : queue.shift();
    if (thread === undefined || waiting === undefined) return;
    void thread.do(waiting).then(() => {
      free.push(thread);
      assign();
    });
    assign();
  };
  return {
    run: (job, input, onProgress = () => undefined) =>
      new Promise((resolve, reject) => {
        queue.push({ job, input, onProgress, resolve, reject });
        assign();
      }),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

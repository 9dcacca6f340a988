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
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

/** The worker beside this file: TypeScript when run from source, JavaScript when built. */
const workerFile = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** One thread: started when first needed, and again after it died. */
class Thread {
  readonly #setup: WorkerSetup;
  #worker: Worker | undefined;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  /** Does a job; settles it, and then resolves. */
  do({ job, input, onProgress, resolve, reject }: Waiting): Promise<void> {
    const worker = (this.#worker ??= new Worker(workerFile, { workerData: this.#setup }));
    return new Promise((settle) => {
      const end = (finish: () => void): void => {
        worker.removeAllListeners();
        worker.unref();
        finish();
        settle();
      };
      const die = (error: unknown): void => {
        this.#worker = undefined;
        end(() => reject(error));
      };
      worker.on('message', (response: Response) => {
        if (response.type === 'progress') onProgress(response.done, response.total, response.note);
        else if (response.type === 'result') end(() => resolve(response.output));
        else end(() => reject(receiveError(response.error)));
      });
      worker.on('error', die);
      worker.on('exit', (code) => die(new Error(`a worker thread ended with code ${code} during ${job}`)));
      worker.ref();
      worker.postMessage({ job, input } satisfies Request);
    });
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** Makes a pool of so many threads. */
export function createWorkerPool(setup: WorkerSetup, size: number): WorkerPool {
  const threads = Array.from({ length: size }, () => new Thread(setup));
  const free = [...threads];
  const queue: Waiting[] = [];
  const next = (): void => {
    const thread = queue.length > 0 ? free.shift() : undefined;
    const waiting = thread === undefined ? undefined : queue.shift();
    if (thread === undefined || waiting === undefined) return;
    void thread.do(waiting).then(() => {
      free.push(thread);
      next();
    });
    next();
  };
  return {
    run: (job, input, onProgress = () => undefined) =>
      new Promise((resolve, reject) => {
        queue.push({ job, input, onProgress, resolve, reject });
        next();
      }),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

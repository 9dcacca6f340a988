/** A pool of workers that take jobs one by one; one that dies is replaced, and its job fails with the reason. */
import type { ProfileData } from '@espalier/tensor';
import type { ProgressListener } from '../../jobs/job.ts';
import { receiveError, type Request } from './messages.ts';
import type { StartWorker, WorkerHandle } from './worker-handle.ts';

/** Runs jobs in workers, so that this thread can draw and listen. */
export interface WorkerPool {
  /**
   * Runs a job on the first worker that is free.
   * @throws {Error} that of the job, when the job failed.
   */
  run(job: string, input: unknown, onProgress?: ProgressListener): Promise<unknown>;
  /** Ends the workers, whatever they are doing. */
  close(): Promise<void>;
}

/** Hears which kernels a job ran. */
export type ProfileListener = (part: ProfileData) => void;

interface Waiting extends Request {
  readonly onProgress: ProgressListener;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One worker: started when first needed, and again after it died. */
class Place {
  readonly #start: StartWorker;
  readonly #onProfile: ProfileListener | undefined;
  #worker: WorkerHandle | undefined;
  /** Ends the job in hand. */
  #finish: ((settle: (job: Waiting) => void) => void) | undefined;
  #current: Waiting | undefined;

  constructor(start: StartWorker, onProfile: ProfileListener | undefined) {
    this.#start = start;
    this.#onProfile = onProfile;
  }

  /** Does a job; settles it, and then resolves. */
  do(waiting: Waiting): Promise<void> {
    const worker = (this.#worker ??= this.#started());
    return new Promise((resolve) => {
      this.#current = waiting;
      this.#finish = (settle) => {
        this.#current = undefined;
        this.#finish = undefined;
        settle(waiting);
        resolve();
      };
      const { job, input } = waiting;
      worker.post({ job, input, profiled: this.#onProfile !== undefined });
    });
  }

  async end(): Promise<void> {
    await this.#worker?.end();
    this.#worker = undefined;
  }

  #started(): WorkerHandle {
    return this.#start({
      onResponse: (response) => {
        if (response.type === 'progress') this.#current?.onProgress(response.done, response.total, response.note);
        else if (response.type === 'profile') this.#onProfile?.(response.part);
        else if (response.type === 'result') this.#finish?.(({ resolve }) => resolve(response.output));
        else this.#finish?.(({ reject }) => reject(receiveError(response.error)));
      },
      onDeath: (error) => {
        this.#worker = undefined;
        this.#finish?.(({ reject }) => reject(error));
      },
    });
  }
}

/** Makes a pool of so many workers; given who hears of them, it has the kernels of all jobs told. */
export function createWorkerPool(start: StartWorker, size: number, onProfile?: ProfileListener): WorkerPool {
  const places = Array.from({ length: size }, () => new Place(start, onProfile));
  const free = [...places];
  const queue: Waiting[] = [];
  const assign = (): void => {
    const place = queue.length > 0 ? free.shift() : undefined;
    const waiting = place === undefined ? undefined : queue.shift();
    if (place === undefined || waiting === undefined) return;
    void place.do(waiting).then(() => {
      free.push(place);
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
      await Promise.all(places.map((place) => place.end()));
    },
  };
}

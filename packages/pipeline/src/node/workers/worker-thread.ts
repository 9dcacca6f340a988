/** Workers in threads, for devices that cannot take the process down. */
import { Worker } from 'node:worker_threads';
import { FailedError } from '../../errors.ts';
import type { Request, Response, WorkerSetup } from './messages.ts';
import type { StartWorker } from './worker-handle.ts';

/** The worker beside this file, as it is built: threads do not share whatever would run TypeScript. */
const workerFile = new URL('./worker.js', import.meta.url);

/** Workers that are threads of this process. */
export function threadWorkers(setup: WorkerSetup): StartWorker {
  return ({ onResponse, onDeath }) => {
    const worker = new Worker(workerFile, { workerData: setup });
    let jobs = 0;
    const count = (change: number): void => {
      jobs += change;
      Atomics.add(setup.busy, 0, change);
    };
    worker.on('message', (response: Response) => {
      if (response.type === 'result' || response.type === 'error') count(-1);
      onResponse(response);
    });
    worker.on('error', onDeath);
    worker.on('exit', (code) => {
      count(-jobs);
      onDeath(new FailedError(`a worker thread ended with code ${code}: try again`));
    });
    return {
      // Nothing is transferred: a job's input is copied.
      post: (request: Request) => {
        count(1);
        worker.postMessage(request, []);
      },
      end: async () => {
        await worker.terminate();
      },
    };
  };
}

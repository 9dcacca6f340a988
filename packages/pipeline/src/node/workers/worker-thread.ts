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
    worker.on('message', (response: Response) => onResponse(response));
    worker.on('error', onDeath);
    worker.on('exit', (code) => onDeath(new FailedError(`a worker thread ended with code ${code}: try again`)));
    return {
      // Nothing is transferred: a job's input is copied.
      post: (request: Request) => worker.postMessage(request, []),
      end: async () => {
        await worker.terminate();
      },
    };
  };
}

import { parentPort, workerData } from 'node:worker_threads';
import { openDevice } from '../cli/open-device.ts';
import type { JobContext } from '../pipeline/job.ts';
import { jobs } from '../pipeline/jobs.ts';
import { sendError } from './messages.ts';
import type { Request, Response, WorkerSetup } from './messages.ts';

const { device: deviceName, interrupt } = workerData as WorkerSetup;
const opened = openDevice(deviceName);
// Whoever awaits it first reports the failure.
opened.catch(() => undefined);

function answer(response: Response): void {
  parentPort?.postMessage(response, []);
}

async function work({ job, input }: Request): Promise<unknown> {
  const run = (jobs as unknown as Readonly<Record<string, (input: unknown, context: JobContext) => Promise<unknown>>>)[
    job
  ];
  if (run === undefined) throw new Error(`there is no job '${job}'`);
  const { device } = await opened;
  return run(input, {
    device,
    interrupt: {
      get aborted() {
        return Atomics.load(interrupt, 0) !== 0;
      },
    },
    onProgress: (done, total, note) => answer({ type: 'progress', done, total, note }),
  });
}

parentPort?.on('message', (request: Request) => {
  work(request).then(
    (output) => answer({ type: 'result', output }),
    (error: unknown) => answer({ type: 'error', error: sendError(error) }),
  );
});

import type { Device } from '@espalier/tensor';
import type { JobContext } from '../pipeline/job.ts';
import { jobs } from '../pipeline/jobs.ts';
import { sendError } from './messages.ts';
import type { Request, Response } from './messages.ts';

type AnyJob = (input: unknown, context: JobContext) => Promise<unknown>;

/** Does a job, and answers how far it is and how it ended. Never rejects. */
export async function work(
  { job, input }: Request,
  openedDevice: () => Promise<Device>,
  isAborted: () => boolean,
  answer: (response: Response) => void,
): Promise<void> {
  try {
    const run = (jobs as unknown as Readonly<Record<string, AnyJob>>)[job];
    if (run === undefined) throw new Error(`there is no job '${job}'`);
    const output = await run(input, {
      device: await openedDevice(),
      interrupt: {
        get aborted() {
          return isAborted();
        },
      },
      onProgress: (done, total, note) => answer({ type: 'progress', done, total, note }),
    });
    answer({ type: 'result', output });
  } catch (error) {
    answer({ type: 'error', error: sendError(error) });
  }
}

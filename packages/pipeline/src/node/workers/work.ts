/** What a worker does with a job, be it a thread or a process. */
import type { Device } from '@espalier/tensor';
import { jobNamed } from '../../jobs/job.ts';
import '../built-in.ts';
import { sendError, type Request, type Response } from './messages.ts';

/** Does a job, and answers how far it is and how it ended. Never rejects. */
export async function work(
  { job, input }: Request,
  modules: readonly string[],
  openedDevice: () => Promise<Device>,
  isAborted: () => boolean,
  answer: (response: Response) => void,
): Promise<void> {
  try {
    await Promise.all(modules.map((module) => import(module)));
    const output = await jobNamed(job).run(input, {
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

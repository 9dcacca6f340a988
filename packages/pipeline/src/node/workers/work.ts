/** What a worker does with a job, be it a thread or a process. */
import { profile, type Device } from '@espalier/tensor';
import { jobNamed, type Job, type JobContext } from '../../jobs/job.ts';
import '../built-in.ts';
import { sendError, type Request, type Response } from './messages.ts';

/** Does a job, and answers how far it is and how it ended. Never rejects. */
export async function work(
  { job, input, profiled = false }: Request,
  modules: readonly string[],
  openedDevice: () => Promise<Device>,
  isAborted: () => boolean,
  answer: (response: Response) => void,
): Promise<void> {
  try {
    await Promise.all(modules.map((module) => import(module)));
    const { run } = jobNamed(job);
    const context: JobContext = {
      device: await openedDevice(),
      interrupt: {
        get aborted() {
          return isAborted();
        },
      },
      onProgress: (done, total, note) => answer({ type: 'progress', done, total, note }),
    };
    const output = profiled ? await profiledRun(run, input, job, context, answer) : await run(input, context);
    answer({ type: 'result', output });
  } catch (error) {
    answer({ type: 'error', error: sendError(error) });
  }
}

/** Does a job and tells which kernels it ran. The peaks of the machine are measured elsewhere, once nobody computes. */
async function profiledRun(
  run: Job<unknown, unknown>,
  input: unknown,
  name: string,
  context: JobContext,
  answer: (response: Response) => void,
): Promise<unknown> {
  const { result, parts } = await profile(() => run(input, context), { name, peaks: false });
  for (const part of parts) answer({ type: 'profile', part });
  return result;
}

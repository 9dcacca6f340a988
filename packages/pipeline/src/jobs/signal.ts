/** The wish to stop a job, as a signal that training and evaluation take. */
import { InterruptedError } from '../errors.ts';
import type { JobContext } from './job.ts';

/** The wish to stop a job, for what takes a signal. */
export function signalOf({ interrupt }: Pick<JobContext, 'interrupt'>): {
  readonly aborted: boolean;
  readonly reason: Error;
} {
  return {
    get aborted() {
      return interrupt.aborted;
    },
    reason: new InterruptedError(),
  };
}

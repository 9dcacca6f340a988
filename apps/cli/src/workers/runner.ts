import type { Session } from '../cli/session.ts';
import type { DeviceName } from '@espalier/tensor';
import type { ProgressListener } from '../pipeline/job.ts';
import type { InputOf, Jobs, OutputOf } from '../pipeline/jobs.ts';
import type { WorkerDevice } from './messages.ts';
import { openPlace } from './open-place.ts';
import { createWorkerPool } from './pool.ts';

/** Runs jobs by name, each in a worker of its own. */
export interface Runner {
  /** The device that the jobs use. */
  readonly device: { readonly kind: WorkerDevice; readonly description: string };
  run<Name extends keyof Jobs>(job: Name, input: InputOf<Name>, onProgress?: ProgressListener): Promise<OutputOf<Name>>;
}

/** How many jobs run side by side at most. One on a GPU, which is one device however many drive it. */
const workers: Readonly<Record<WorkerDevice, number>> = { cpu: 2, reference: 2, webgpu: 1 };

/**
 * Opens a device, says which it is, and lends out workers that compute on it.
 * @throws NoDeviceError when the device is not here.
 */
export async function withRunner<Result>(
  session: Session,
  name: DeviceName,
  use: (runner: Runner) => Promise<Result>,
): Promise<Result> {
  const { kind, description, start, close } = await openPlace(session, name);
  session.log(`device: ${kind}${name === 'auto' ? ' (chosen by auto)' : ''}: ${description}`);
  const pool = createWorkerPool(start, workers[kind]);
  try {
    return await use({
      device: { kind, description },
      run: async <Name extends keyof Jobs>(job: Name, input: InputOf<Name>, onProgress?: ProgressListener) =>
        (await pool.run(job, input, onProgress)) as OutputOf<Name>,
    });
  } finally {
    await pool.close();
    await close();
  }
}

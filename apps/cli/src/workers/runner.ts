import type { OpenedDevice } from '../cli/open-device.ts';
import { openDevice } from '../cli/open-device.ts';
import type { Session } from '../cli/session.ts';
import type { DeviceName } from '@espalier/tensor';
import type { ProgressListener } from '../pipeline/job.ts';
import type { InputOf, Jobs, OutputOf } from '../pipeline/jobs.ts';
import { createWorkerPool } from './pool.ts';

/** Runs jobs by name, each in a thread of its own. */
export interface Runner {
  /** The device that the jobs use. */
  readonly device: OpenedDevice;
  run<Name extends keyof Jobs>(job: Name, input: InputOf<Name>, onProgress?: ProgressListener): Promise<OutputOf<Name>>;
}

/** How many jobs run side by side at most. One on a GPU, which is one device however many threads drive it. */
const threads: Readonly<Record<OpenedDevice['kind'], number>> = { cpu: 2, reference: 2, webgpu: 1 };

/**
 * Opens a device, says which it is, and lends out worker threads that compute on it.
 * @throws NoDeviceError when the device is not here.
 */
export async function withRunner<Result>(
  session: Session,
  name: DeviceName,
  use: (runner: Runner) => Promise<Result>,
): Promise<Result> {
  const device = await openDevice(name);
  session.log(`device: ${device.kind}${name === 'auto' ? ' (chosen by auto)' : ''}: ${device.device.description}`);
  const pool = createWorkerPool({ device: device.kind, interrupt: session.interrupt.flag }, threads[device.kind]);
  try {
    return await use({
      device,
      run: async <Name extends keyof Jobs>(job: Name, input: InputOf<Name>, onProgress?: ProgressListener) =>
        (await pool.run(job, input, onProgress)) as OutputOf<Name>,
    });
  } finally {
    await pool.close();
  }
}

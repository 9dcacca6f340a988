/** A runner with a worker for each job. */
import type { DeviceName } from '@espalier/tensor';
import type { DeviceKind } from '../../host/open-device.ts';
import { runnerOf, type Runner } from '../../jobs/runner.ts';
import { openPlace } from './open-place.ts';
import { createWorkerPool, type ProfileListener } from './pool.ts';
import type { WorkerHost } from './worker-host.ts';

/** How many jobs run side by side at most. One on a GPU, which is one device however many drive it. */
const workers: Readonly<Record<DeviceKind, number>> = { cpu: 2, reference: 2, webgpu: 1 };

/** What workers are started with. */
export interface RunnerOptions {
  /** The modules, as `import` takes them, that register what jobs name, such as sources of data and tasks. */
  readonly modules?: readonly string[];
  /**
   * Hears which kernels each job ran, once it has ended, as `profile` of `@espalier/tensor` tells it. Left out, nothing is timed. Not
   * on webgpu, whose kernels cannot be timed: jobs fail there.
   */
  readonly onProfile?: ProfileListener;
}

/**
 * Opens a device, says which it is, and lends out workers that compute on it.
 * @throws {NoDeviceError} when the device is not here.
 */
export async function withRunner<Result>(
  host: WorkerHost,
  name: DeviceName,
  use: (runner: Runner) => Promise<Result>,
  { modules = [], onProfile }: RunnerOptions = {},
): Promise<Result> {
  const { kind, description, start, close } = await openPlace(host, name, modules);
  host.log(`device: ${kind}${name === 'auto' ? ' (chosen by auto)' : ''}: ${description}`);
  const pool = createWorkerPool(start, workers[kind], onProfile);
  try {
    return await use(runnerOf({ kind, description }, (job, input, onProgress) => pool.run(job, input, onProgress)));
  } finally {
    await pool.close();
    await close();
  }
}

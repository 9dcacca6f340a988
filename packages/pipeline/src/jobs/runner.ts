/** Who runs jobs. */
import type { Device } from '@espalier/tensor';
import type { DeviceKind } from '../host/open-device.ts';
import { jobNamed, type JobContext, type ProgressListener } from './job.ts';
import type { InputOf, Jobs, OutputOf } from './jobs.ts';

/** Runs jobs by name. */
export interface Runner {
  /** The device that the jobs use. */
  readonly device: { readonly kind: DeviceKind; readonly description: string };
  /** Runs one of the jobs that are known from the start. */
  run<Name extends keyof Jobs>(job: Name, input: InputOf<Name>, onProgress?: ProgressListener): Promise<OutputOf<Name>>;
  /** Runs a job that some module has registered: what it takes and gives is for whoever calls it to know. */
  call(job: string, input: unknown, onProgress?: ProgressListener): Promise<unknown>;
}

/** A runner by what calls a job of any name. */
export function runnerOf(device: Runner['device'], call: Runner['call']): Runner {
  return {
    device,
    call,
    run: async <Name extends keyof Jobs>(job: Name, input: InputOf<Name>, onProgress?: ProgressListener) =>
      (await call(job, input, onProgress)) as OutputOf<Name>,
  };
}

/** A runner that does every job at once and in this thread, with the jobs that are registered here. */
export function inlineRunner(
  device: Device,
  kind: DeviceKind,
  interrupt: JobContext['interrupt'] = { aborted: false },
): Runner {
  return runnerOf({ kind, description: device.description }, async (job, input, onProgress = () => undefined) =>
    jobNamed(job).run(input, { device, interrupt, onProgress }),
  );
}

import { createRequire } from 'node:module';
import type { DeviceName } from '@espalier/tensor';
import { openDevice } from '../cli/open-device.ts';
import type { Session } from '../cli/session.ts';
import { NoDeviceError } from '../errors.ts';
import type { WorkerPlace } from './worker-handle.ts';
import { openElsewhere } from './worker-process.ts';
import { threadWorkers } from './worker-thread.ts';

/** Whether WebGPU may be here: without the package there is none, and no process is needed to find that out. */
function mayHaveWebGpu(): boolean {
  try {
    createRequire(import.meta.url).resolve('webgpu');
    return true;
  } catch {
    return false;
  }
}

/** WebGPU in a process of its own; undefined where `auto` takes another device. */
async function webGpuElsewhere(
  { stderr, interrupt }: Session,
  name: 'auto' | 'webgpu',
): Promise<WorkerPlace | undefined> {
  try {
    const found = await openElsewhere(name, stderr, interrupt);
    if (found.kind === 'webgpu') return found;
    await found.close();
    return undefined;
  } catch (error) {
    // For `auto`, a driver that crashes is as none.
    if (name === 'auto' && error instanceof NoDeviceError) return undefined;
    throw error;
  }
}

/**
 * Opens a device where its workers are to be: WebGPU, whose drivers are native code, in a process, the others in threads.
 * @throws NoDeviceError when it is not here.
 */
export async function openPlace(session: Session, name: DeviceName): Promise<WorkerPlace> {
  const native = (name === 'auto' || name === 'webgpu') && mayHaveWebGpu();
  const elsewhere = native ? await webGpuElsewhere(session, name) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  const { kind, device } = await openDevice(native ? 'cpu' : name);
  const start = threadWorkers({ device: kind, interrupt: session.interrupt.flag });
  return { kind, description: device.description, start, close: async () => undefined };
}

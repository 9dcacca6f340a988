/** Chooses where a device runs: a driver that crashes takes its process with it, which had better not be this one. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { DeviceName } from '@espalier/tensor';
import { NoDeviceError } from '../../errors.ts';
import { openDevice } from '../../host/open-device.ts';
import type { WorkerPlace } from './worker-handle.ts';
import type { WorkerHost } from './worker-host.ts';
import { openElsewhere, processFile } from './worker-process.ts';
import { threadWorkers } from './worker-thread.ts';

/**
 * Whether WebGPU may be here: without the package there is none, and no process is needed to find that out. Where this runs
 * from its sources there is no process to start.
 */
function mayHaveWebGpu(): boolean {
  if (!existsSync(processFile)) return false;
  try {
    createRequire(import.meta.url).resolve('webgpu');
    return true;
  } catch {
    return false;
  }
}

/** WebGPU in a process of its own; undefined where `auto` takes another device. */
async function webGpuElsewhere(
  host: WorkerHost,
  name: 'auto' | 'webgpu',
  modules: readonly string[],
): Promise<WorkerPlace | undefined> {
  try {
    const found = await openElsewhere(name, host, modules);
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
 * @param modules what workers import before anything else
 * @throws {NoDeviceError} when it is not here.
 */
export async function openPlace(
  host: WorkerHost,
  name: DeviceName,
  modules: readonly string[] = [],
): Promise<WorkerPlace> {
  const native = (name === 'auto' || name === 'webgpu') && mayHaveWebGpu();
  const elsewhere = native ? await webGpuElsewhere(host, name, modules) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  const { kind, device } = await openDevice(native ? 'cpu' : name);
  const busy = new Int32Array(new SharedArrayBuffer(4));
  const start = threadWorkers({ device: kind, interrupt: host.interrupt.flag, busy, modules });
  return { kind, description: device.description, start, close: async () => undefined };
}

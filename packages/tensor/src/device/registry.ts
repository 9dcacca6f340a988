/** Which devices exist, and which one new tensors go to. */
import { describe } from '../arguments/describe.ts';
import { aFunction, check } from '../arguments/rules.ts';
import { aDevice } from '../arguments/types.ts';
import { createCpuDevice } from '../devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../devices/reference/reference-device.ts';
import { createWebGpuDevice } from '../devices/webgpu/open.ts';
import { nodeGpu } from '../devices/webgpu/node-host.ts';
import { DeviceError } from '../errors.ts';
import type { Device } from './device.ts';

/** What `device()` takes: a kind, or `auto` for WebGPU where a real adapter exists, else cpu. */
export type DeviceName = 'auto' | 'cpu' | 'reference' | 'webgpu';

const open = new Map<string, Device>();
let chosen: Device | undefined;

function opened(name: string, create: () => Device): Device {
  const known = open.get(name);
  if (known) return known;
  const made = create();
  open.set(name, made);
  return made;
}

async function browserOrNodeGpu(): Promise<GPU | undefined> {
  const host = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
  return host.navigator?.gpu ?? (await nodeGpu());
}

async function openWebGpu(): Promise<Device> {
  const known = open.get('webgpu');
  if (known) return known;
  const gpu = await browserOrNodeGpu();
  if (!gpu)
    throw new DeviceError(
      'device',
      "there is no WebGPU here; in Node install the optional package 'webgpu' and a Vulkan driver, or use 'cpu'",
      'device-missing',
    );
  const made = await createWebGpuDevice({ gpu });
  open.set('webgpu', made);
  return made;
}

function close(unused: Device): void {
  open.delete(unused.name);
  unused.dispose();
}

/** Whether a WebGPU device is emulated on the processor, where the cpu device is faster. */
function isSoftware({ description }: Device): boolean {
  return /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(description);
}

/**
 * A device by name, opened on first use. `auto` takes WebGPU if a hardware adapter exists, else cpu; the description of
 * the device says which.
 * @throws {DeviceError} naming the remedy, where there is none.
 */
export async function device(name: DeviceName = 'auto'): Promise<Device> {
  switch (name) {
    case 'cpu':
      return cpu();
    case 'reference':
      return opened('reference', () => createReferenceDevice());
    case 'webgpu':
      return openWebGpu();
    case 'auto': {
      const wasOpen = open.has('webgpu');
      const gpu = await openWebGpu().catch((error: unknown) => {
        if (error instanceof DeviceError) return undefined;
        throw error;
      });
      if (gpu && !isSoftware(gpu)) return gpu;
      if (gpu && !wasOpen) close(gpu);
      return cpu();
    }
    default:
      throw new DeviceError(
        'device',
        `there is no device ${describe(name)}; use 'auto', 'cpu', 'webgpu' or 'reference'`,
        'device-missing',
      );
  }
}

/** The cpu device, opened on first use. */
export function cpu(): Device {
  return opened('cpu', () => createCpuDevice());
}

/** The device of tensors for which none is named: cpu unless set. */
export function defaultDevice(): Device {
  return chosen ?? cpu();
}

/** Sets the device of tensors for which none is named. */
export function setDefaultDevice(to: Device): void {
  check('setDefaultDevice', 'the device', to, aDevice);
  chosen = to;
}

/** Runs `body` with another default device. Asynchronous bodies keep it until they resolve. */
export function withDevice<T>(to: Device, body: () => T): T {
  check('withDevice', 'the device', to, aDevice);
  check('withDevice', 'the body', body, aFunction);
  const before = chosen;
  chosen = to;
  const restore = (): void => {
    chosen = before;
  };
  let result: T;
  try {
    result = body();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

/** The devices that were opened so far. */
export function openDevices(): readonly Device[] {
  return [...open.values()];
}

/** Opens the device of a process that computes. */
import { DeviceError, device, setDefaultDevice, type Device, type DeviceName } from '@espalier/tensor';
import { NoDeviceError } from '../errors.ts';

/** The kinds of device there are; `auto` is one of them once it has chosen. */
export type DeviceKind = Exclude<DeviceName, 'auto'>;

/** Every kind of device. */
export const deviceKinds: readonly DeviceKind[] = ['cpu', 'webgpu', 'reference'];

/** A device that is open. */
export interface OpenedDevice {
  readonly kind: DeviceKind;
  readonly device: Device;
}

/** The kind of a device from its name, such as `webgpu` from `webgpu:llvmpipe`. */
function kindOf({ name }: Device): DeviceKind {
  return deviceKinds.find((kind) => name === kind || name.startsWith(`${kind}:`)) ?? 'cpu';
}

/**
 * Opens a device and makes it the default.
 * @throws {NoDeviceError} when it is not here.
 */
export async function openDevice(name: DeviceName): Promise<OpenedDevice> {
  try {
    const opened = await device(name);
    setDefaultDevice(opened);
    return { kind: kindOf(opened), device: opened };
  } catch (error) {
    if (error instanceof DeviceError) throw new NoDeviceError(error.message);
    throw error;
  }
}

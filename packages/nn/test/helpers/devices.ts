import { createCpuDevice, type Device, type DType } from '@espalier/tensor';

/** A device that has all dtypes but one, as most GPUs have no doubles. */
export function deviceWithout(dtype: DType): Device {
  const device = createCpuDevice();
  const dtypes = new Set(device.capabilities.dtypes);
  dtypes.delete(dtype);
  return Object.assign(device, { capabilities: { ...device.capabilities, dtypes } });
}

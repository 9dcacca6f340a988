/** The way to a WebGPU device: all that makes one, a quarter of this package, is loaded when one is opened. */
import { aText, check, checkOptions, oneOf, ruleOf, type OptionRules, type Rule } from '../../arguments/rules.ts';
import type { Device } from '../../device/device.ts';

/** How to open a WebGPU device. */
export interface WebGpuOptions {
  /** `navigator.gpu` in a browser; in Node what `nodeGpu()` gives. */
  readonly gpu: GPU;
  /** The device's name; `webgpu` if absent. */
  readonly name?: string;
  readonly powerPreference?: GPUPowerPreference;
  /** The kernels to prefer: those for GPUs, or those for GPUs emulated on a CPU. Told from the adapter if absent. */
  readonly tuning?: 'hardware' | 'software';
}

const aGpu: Rule<GPU> = ruleOf(
  'an object like navigator.gpu',
  (value) => typeof (value as Partial<GPU> | null)?.requestAdapter === 'function',
);
const webGpuOptions: OptionRules<WebGpuOptions> = {
  gpu: aGpu,
  name: aText,
  powerPreference: oneOf('low-power', 'high-performance'),
  tuning: oneOf('hardware', 'software'),
};

/**
 * Opens a device on the host's adapter.
 * @throws {DeviceError} if the host has none.
 */
export async function createWebGpuDevice(options: WebGpuOptions): Promise<Device> {
  checkOptions('createWebGpuDevice', options, webGpuOptions);
  check('createWebGpuDevice', 'gpu', options?.gpu, aGpu);
  const { openWebGpuDevice } = await import('./webgpu-device.ts');
  return openWebGpuDevice(options);
}

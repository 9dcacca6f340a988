import type { Device, KernelCall, KernelSpec } from '@espalier/tensor';

/** The specs that a device runs from now on, until `stop`. */
export function watchKernels(device: Device): { readonly specs: readonly KernelSpec[]; readonly stop: () => void } {
  const specs: KernelSpec[] = [];
  const run = device.run.bind(device);
  device.run = (calls: readonly KernelCall[]): void => {
    specs.push(...calls.map(({ kernel }) => kernel.spec));
    run(calls);
  };
  return { specs, stop: () => void (device.run = run) };
}

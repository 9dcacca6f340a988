/** Where kernels run and plans are made, for whoever watches that: nobody, as a rule, which costs a comparison. */
import type { Device, KernelCall } from '../device/device.ts';

/** Runs calls and makes plans in its own way. */
export interface Watcher {
  run(device: Device, calls: readonly KernelCall[]): void;
  plan<Plan>(make: () => Plan): Plan;
}

/** Who watches. */
export const watch: { by: Watcher | undefined } = { by: undefined };

/** Runs calls on a device, in order. */
export function runCalls(device: Device, calls: readonly KernelCall[]): void {
  if (watch.by === undefined) device.run(calls);
  else watch.by.run(device, calls);
}

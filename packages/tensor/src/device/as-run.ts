/** How a device runs a kernel: as it is, or as the loop that it means. */
import { collapse } from '../kernel/collapse.ts';
import { contractionOf, isContraction } from '../kernel/contraction/contraction.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import type { Device } from './device.ts';

/** What is run for a spec: itself, or for a contraction that the device does not accept its loop; undefined if neither can be. */
export function asRun(spec: KernelSpec, device: Device): KernelSpec | undefined {
  if (spec.kind === 'loop') return collapse(spec);
  if (device.accepts(spec)) return spec;
  const loop = isContraction(spec) ? contractionOf(spec).loop?.() : undefined;
  return loop && collapse(loop);
}

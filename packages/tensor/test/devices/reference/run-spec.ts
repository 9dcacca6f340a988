/** Runs one spec on the reference device: numbers in, numbers out. */
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { KernelSpec } from '../../../src/kernel/spec.ts';
import { runOn, type Content } from '../run-on.ts';

const reference = createReferenceDevice();

/** `contents[i]` fills binding i. Returns the numbers of every binding afterwards. */
export function runSpec(spec: KernelSpec, contents: readonly Content[]): number[][] {
  return runOn(reference, spec, contents);
}

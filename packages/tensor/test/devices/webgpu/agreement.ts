/** Runs one spec on the WebGPU device and on the reference, and compares every buffer afterwards. */
import { afterAll, beforeAll, expect } from 'vitest';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { nodeGpu } from '../../../src/devices/webgpu/node-host.ts';
import { createWebGpuDevice } from '../../../src/devices/webgpu/open.ts';
import type { Device } from '../../../src/device/device.ts';
import { dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { KernelSpec } from '../../../src/kernel/spec.ts';

/** The WebGPU device of this process. Throws where there is none: these tests are chosen by name, never skipped. */
export async function openTestDevice(tuning?: 'hardware' | 'software'): Promise<Device> {
  const gpu = await nodeGpu();
  if (gpu === undefined) throw new Error('no WebGPU adapter in Node: install the package webgpu and a Vulkan driver');
  return createWebGpuDevice({ gpu, ...(tuning === undefined ? {} : { tuning }) });
}

/** The families of kernels. */
export const tunings = ['software', 'hardware'] as const;

/** A device for each family, open while the tests of a file run. */
export function tunedDevices(): (tuning: string) => Device {
  const devices = new Map<string, Device>();
  beforeAll(async () => {
    for (const tuning of tunings) devices.set(tuning, await openTestDevice(tuning));
  });
  afterAll(() => {
    for (const device of devices.values()) device.dispose();
  });
  return (tuning) => devices.get(tuning) as Device;
}

/** Fills a binding: its numbers, or how many elements (holding a byte pattern, so that unwritten elements show). */
export type Content = readonly number[] | number;

function encodeAll(dtype: DType, content: Content): Uint8Array<ArrayBuffer> {
  const { bytes, view, encode } = dtypes[dtype];
  const length = typeof content === 'number' ? content : content.length;
  const raw = new Uint8Array(length * bytes).fill(dtype === 'bool' ? 1 : 0x41);
  if (typeof content !== 'number') view(raw.buffer, 0, length).set(content.map(encode));
  return raw;
}

/** Runs `spec` on `device`; gives the numbers in every buffer afterwards. */
export async function runOn(device: Device, spec: KernelSpec, contents: readonly Content[]): Promise<number[][]> {
  const buffers = contents.map((content, position) => {
    const raw = encodeAll(spec.bindings[position]?.dtype ?? 'f32', content);
    const buffer = device.allocate(raw.byteLength);
    device.write(buffer, 0, raw);
    return buffer;
  });
  const kernel = device.prepare(spec);
  const scratch = (kernel.scratch ?? []).map((bytes) => device.allocate(bytes));
  const ranges = [...buffers, ...scratch].map((buffer) => ({ buffer, byteOffset: 0, byteLength: buffer.bytes }));
  device.run([{ kernel, ranges }]);
  for (const buffer of scratch) device.free(buffer);
  const results = await Promise.all(
    buffers.map(async (buffer, position) => {
      const { bytes, view, decode } = dtypes[spec.bindings[position]?.dtype ?? 'f32'];
      const raw = await device.read(buffer, 0, buffer.bytes);
      return Array.from(view(raw.buffer, 0, raw.byteLength / bytes), decode);
    }),
  );
  for (const buffer of buffers) device.free(buffer);
  return results;
}

/** How far a result may be from the reference: `absolute + relative * |expected|`. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

export const exact: Tolerance = { absolute: 0, relative: 0 };

/** The first disagreement between two lists, as text; undefined if there is none. Zeros of either sign are equal unless exact. */
export function disagreement(
  actual: readonly number[],
  expected: readonly number[],
  { absolute, relative }: Tolerance,
): string | undefined {
  const isExact = absolute === 0 && relative === 0;
  const position = expected.findIndex((want, index) => {
    const got = actual[index] ?? Number.NaN;
    if (Object.is(got, want)) return false;
    if (isExact || !Number.isFinite(want) || !Number.isFinite(got)) return true;
    return !(Math.abs(got - want) <= absolute + relative * Math.abs(want));
  });
  return position < 0 ? undefined : `element ${position}: got ${actual[position]}, expected ${expected[position]}`;
}

const reference = createReferenceDevice();

/** Expects the two devices to leave the same in every buffer, within a tolerance (of the dtype's own, if none is given). */
export async function expectAgreement(
  device: Device,
  spec: KernelSpec,
  contents: readonly Content[],
  tolerance?: Tolerance,
): Promise<void> {
  const actual = await runOn(device, spec, contents);
  const expected = await runOn(reference, spec, contents);
  for (const [position, { dtype, access }] of spec.bindings.entries()) {
    if (access === 'read') continue;
    const epsilon = dtypes[dtype].epsilon;
    const bound = epsilon === 0 ? exact : (tolerance ?? { absolute: 8 * epsilon, relative: 8 * epsilon });
    const problem = disagreement(actual[position] ?? [], expected[position] ?? [], bound);
    expect(problem, `binding ${position} (${dtype}) of ${JSON.stringify(spec)}`).toBeUndefined();
  }
}

/** Deterministic numbers in [low, high). */
export function numbers(length: number, low = -1, high = 1, seed = 1): number[] {
  let state = seed >>> 0;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(low + ((high - low) * (state >>> 8)) / 2 ** 24);
  });
}

/** Deterministic integers in [low, high]. */
export function integers(length: number, low: number, high: number, seed = 1): number[] {
  return numbers(length, 0, 1, seed).map((value) => Math.min(high, low + Math.floor(value * (high - low + 1))));
}

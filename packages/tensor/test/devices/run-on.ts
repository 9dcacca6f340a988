/** Runs one spec on a device: numbers in, numbers out. */
import type { Device } from '../../src/device/device.ts';
import { dtypes } from '../../src/dtype/dtype.ts';
import type { KernelSpec } from '../../src/kernel/spec.ts';

/** Bytes past the end of every buffer that a kernel must leave alone. */
const guardBytes = 64;
const guard = 0xa5;

/** What is in a buffer at first: its numbers, or how many elements (which are zeros). */
export type Content = readonly number[] | number;

/** `contents[i]` fills binding i. Returns the numbers of every binding afterwards; throws if a kernel wrote past an end, or a bool that is neither 0 nor 1. */
export function runOn(device: Device, spec: KernelSpec, contents: readonly Content[]): number[][] {
  const given = contents.map((content) => (typeof content === 'number' ? new Array<number>(content).fill(0) : content));
  const dtypeAt = (position: number): (typeof dtypes)['f32'] => dtypes[spec.bindings[position]?.dtype ?? 'f32'];
  const lengths = given.map((values, position) => values.length * dtypeAt(position).bytes);
  const buffers = given.map((values, position) => {
    const { view, encode } = dtypeAt(position);
    const length = lengths[position] as number;
    const raw = new Uint8Array(length + guardBytes).fill(guard);
    view(raw.buffer, 0, values.length).set(values.map(encode));
    const buffer = device.allocate(raw.byteLength);
    device.write(buffer, 0, raw);
    return buffer;
  });
  const kernel = device.prepare(spec);
  const scratch = (kernel.scratch ?? []).map((bytes) => device.allocate(bytes));
  const ranges = [...buffers, ...scratch].map((buffer, position) => ({
    buffer,
    byteOffset: 0,
    byteLength: lengths[position] ?? buffer.bytes,
  }));
  device.run([{ kernel, ranges }]);
  for (const buffer of scratch) device.free(buffer);
  const results = buffers.map((buffer, position) => {
    const { bytes, view, decode } = dtypeAt(position);
    const raw = device.readSync(buffer, 0, buffer.bytes);
    const length = lengths[position] as number;
    if (raw.subarray(length).some((byte) => byte !== guard))
      throw new Error(`binding ${position} was written past its end`);
    if (spec.bindings[position]?.dtype === 'bool' && raw.subarray(0, length).some((byte) => byte > 1))
      throw new Error(`binding ${position} holds a bool that is neither 0 nor 1`);
    return Array.from(view(raw.buffer, 0, length / bytes), decode);
  });
  for (const buffer of buffers) device.free(buffer);
  return results;
}

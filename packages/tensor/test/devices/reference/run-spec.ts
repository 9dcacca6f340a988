/** Runs one spec on the reference device: numbers in, numbers out. */
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { dtypes } from '../../../src/dtype/dtype.ts';
import type { KernelSpec } from '../../../src/kernel/spec.ts';

/** `contents[i]` fills binding i: its numbers, or how many elements it has (undefined contents are zeros). */
export function runSpec(spec: KernelSpec, contents: readonly (readonly number[] | number)[]): number[][] {
  const device = createReferenceDevice();
  const buffers = contents.map((content, position) => {
    const { bytes, view, encode } = dtypes[spec.bindings[position]?.dtype ?? 'f32'];
    const values = typeof content === 'number' ? new Array<number>(content).fill(0) : content;
    const raw = new Uint8Array(values.length * bytes);
    view(raw.buffer, 0, values.length).set(values.map(encode));
    const buffer = device.allocate(raw.byteLength);
    device.write(buffer, 0, raw);
    return buffer;
  });
  device.run([
    {
      kernel: device.prepare(spec),
      ranges: buffers.map((buffer) => ({ buffer, byteOffset: 0, byteLength: buffer.bytes })),
    },
  ]);
  return buffers.map((buffer, position) => {
    const { bytes, view, decode } = dtypes[spec.bindings[position]?.dtype ?? 'f32'];
    const raw = device.readSync(buffer, 0, buffer.bytes);
    return Array.from(view(raw.buffer, 0, raw.byteLength / bytes), decode);
  });
}

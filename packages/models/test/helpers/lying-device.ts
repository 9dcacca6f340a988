// A device that computes something else than it is asked for.
import { createCpuDevice, type Device, type KernelSpec } from '@espalier/tensor';

/** A cpu device whose kernels of some kind give their first number as another one, or NaN, or fail. */
export function lyingDevice(lies: (spec: KernelSpec) => boolean, lie: (value: number) => number): Device {
  const device = createCpuDevice({ name: 'cpu:lying', threads: 1 });
  const run = device.run.bind(device);
  device.run = (calls): void => {
    for (const call of calls) {
      run([call]);
      const out = call.ranges[call.kernel.spec.bindings.length - 1];
      if (!out || !lies(call.kernel.spec)) continue;
      const numbers = new Float32Array(device.readSync(out.buffer, out.byteOffset, 4).buffer);
      numbers[0] = lie(numbers[0] as number);
      device.write(out.buffer, out.byteOffset, new Uint8Array(numbers.buffer));
    }
  };
  return device;
}

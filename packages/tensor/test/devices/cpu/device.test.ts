import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { DeviceError } from '../../../src/errors.ts';
import type { CustomSpec, LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const increment: LoopSpec = {
  kind: 'loop',
  bindings: [{ dtype: 'f32', access: 'readwrite' }],
  outer: [5],
  inner: [],
  body: [
    { kind: 'load', access: { binding: 0, offset: 0, strides: [1] }, dtype: 'f32' },
    { kind: 'constant', value: 1, dtype: 'f32' },
    { kind: 'scalar', op: 'add', args: [0, 1], dtype: 'f32' },
    { kind: 'store', access: { binding: 0, offset: 0, strides: [1] }, arg: 2, each: 'row' },
  ],
};

describe('the cpu device', () => {
  test('keeps what is written, at offsets too', async () => {
    const device = createCpuDevice();
    const buffer = device.allocate(20);
    device.write(buffer, 0, new Uint8Array(20).fill(1));
    device.write(buffer, 8, Uint8Array.of(7, 8, 9));
    expect([...device.readSync(buffer, 6, 6)]).toEqual([1, 1, 7, 8, 9, 1]);
    expect([...(await device.read(buffer, 8, 2))]).toEqual([7, 8]);
    // A multiple of 16 bytes may be read.
    expect(device.readSync(buffer, 0, 32)).toHaveLength(32);
    expect(() => device.readSync(buffer, 0, 33)).toThrow(DeviceError);
  });

  test('counts what is alive', () => {
    const device = createCpuDevice();
    const [a, b] = [device.allocate(100), device.allocate(28)];
    expect(device.memory()).toEqual({ bytes: 128, buffers: 2 });
    device.free(a);
    device.free(a);
    expect(device.memory()).toEqual({ bytes: 28, buffers: 1 });
    device.free(b);
    expect(device.memory()).toEqual({ bytes: 0, buffers: 0 });
  });

  test('compiles equal specs once and runs calls in order', async () => {
    const device = createCpuDevice();
    const kernel = device.prepare(increment);
    expect(device.prepare(structuredClone(increment))).toBe(kernel);
    const buffer = device.allocate(64);
    device.write(buffer, 0, new Uint8Array(64));
    const call = { kernel, ranges: [{ buffer, byteOffset: 8, byteLength: 20 }] };
    device.run([call, call, call]);
    await device.synchronize();
    expect([...new Float32Array(device.readSync(buffer, 0, 32).buffer)]).toEqual([0, 0, 3, 3, 3, 3, 3, 0]);
  });

  test('works on memory that grew after the kernel was compiled', () => {
    const device = createCpuDevice();
    device.prepare(increment);
    const large = device.allocate(64 * 2 ** 20);
    expect(runOn(device, increment, [[1, 2, 3, 4, 5]])).toEqual([[2, 3, 4, 5, 6]]);
    device.free(large);
  });

  test('refuses freed buffers and a disposed device', () => {
    const device = createCpuDevice({ name: 'cpu:test', maximumBytes: 2 ** 22 });
    const buffer = device.allocate(64);
    const kernel = device.prepare(increment);
    device.free(buffer);
    expect(() => device.run([{ kernel, ranges: [{ buffer, byteOffset: 0, byteLength: 20 }] }])).toThrow(
      'used after it was freed',
    );
    expect(() => device.write(buffer, 0, new Uint8Array(1))).toThrow('used after it was freed');
    expect(() => device.allocate(2 ** 23)).toThrow('no room');
    device.dispose();
    expect(() => device.allocate(16)).toThrow('cpu:test has been disposed of');
  });
});

describe('custom kernels', () => {
  const spec = (definition: CustomSpec['definition']): CustomSpec => ({
    kind: 'custom',
    name: 'scale',
    id: 1,
    bindings: [
      { dtype: 'f16', access: 'read' },
      { dtype: 'i8', access: 'write' },
    ],
    inputShapes: [[2, 2]],
    outputShapes: [[4]],
    attributes: { by: 3 },
    definition,
  });

  test('run their reference on doubles, stored in the dtype of each output', () => {
    const definition: CustomSpec['definition'] = {
      name: 'scale',
      reference: ({ attributes }, [input], [output]) =>
        input?.forEach((value, i) => output && (output[i] = value * Number(attributes['by']))),
    };
    expect(
      runOn(createCpuDevice(), spec(definition), [
        [1, 2, -3, 100],
        [0, 0, 0, 0],
      ])[1],
    ).toEqual([3, 6, -9, 44]);
  });

  test('run their cpu implementation on views of memory', () => {
    const definition: CustomSpec['definition'] = {
      name: 'scale',
      reference: () => expect.unreachable(),
      cpu: (site, [input], [output]) => {
        expect(site.inputs).toEqual([{ shape: [2, 2], dtype: 'f16' }]);
        input?.forEach((bits, i) => output && (output[i] = bits >> 10));
      },
    };
    expect(
      runOn(createCpuDevice(), spec(definition), [
        [1, 2, 4, 8],
        [0, 0, 0, 0],
      ])[1],
    ).toEqual([15, 16, 17, 18]);
  });
});

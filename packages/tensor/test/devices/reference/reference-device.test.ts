import { expect, test } from 'vitest';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { DeviceError } from '../../../src/errors.ts';
import type { LoopSpec } from '../../../src/kernel/spec.ts';

const double: LoopSpec = {
  kind: 'loop',
  outer: [2],
  inner: [],
  bindings: [{ dtype: 'f32', access: 'readwrite' }],
  body: [
    { kind: 'load', access: { binding: 0, offset: 0, strides: [1] }, dtype: 'f32' },
    { kind: 'scalar', op: 'add', args: [0, 0], dtype: 'f32' },
    { kind: 'store', access: { binding: 0, offset: 0, strides: [1] }, arg: 1, each: 'row' },
  ],
};
const bytesOf = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const floats = (bytes: Uint8Array<ArrayBuffer>): number[] => Array.from(new Float32Array(bytes.buffer));

test('runs in place, at an offset, in order, and reads both ways', async () => {
  const device = createReferenceDevice();
  const buffer = device.allocate(16);
  device.write(buffer, 0, bytesOf(1, 2, 3, 4));
  const call = { kernel: device.prepare(double), ranges: [{ buffer, byteOffset: 8, byteLength: 8 }] };
  device.run([call, call]);
  expect(floats(device.readSync(buffer, 0, 16))).toEqual([1, 2, 12, 16]);
  expect(floats(await device.read(buffer, 8, 8))).toEqual([12, 16]);
});

test('counts what is alive', () => {
  const device = createReferenceDevice('another');
  const [a, b] = [device.allocate(5), device.allocate(100)];
  expect(device.memory()).toEqual({ bytes: 105, buffers: 2 });
  device.free(a);
  expect(device.memory()).toEqual({ bytes: 100, buffers: 1 });
  device.free(b);
  expect(device.memory()).toEqual({ bytes: 0, buffers: 0 });
});

test('the padding up to 16 bytes may be read', () => {
  const device = createReferenceDevice();
  expect(device.readSync(device.allocate(5), 0, 16)).toHaveLength(16);
});

test('refuses dead buffers, bytes outside, and unaligned ranges', () => {
  const device = createReferenceDevice();
  const dead = device.allocate(8);
  device.free(dead);
  expect(() => device.free(dead)).toThrow(DeviceError);
  expect(() => device.write(dead, 0, bytesOf(1))).toThrow('not alive');
  const buffer = device.allocate(16);
  expect(() => device.readSync(buffer, 8, 16)).toThrow('bytes 8 to 24');
  const kernel = device.prepare(double);
  expect(() => device.run([{ kernel, ranges: [{ buffer, byteOffset: 4, byteLength: 8 }] }])).toThrow('multiples of 8');
  expect(() => device.run([{ kernel, ranges: [] }])).toThrow('one range for each');
  expect(() => device.run([{ kernel: { spec: double }, ranges: [] }])).toThrow('another device');
});

test('says when memory runs out', () => {
  expect(() => createReferenceDevice().allocate(Number.MAX_SAFE_INTEGER)).toThrow(DeviceError);
});

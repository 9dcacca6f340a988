// What values of files are in the engine: each dtype by hand, in one piece and in many, and what would be lost.
import { FormatError } from '@espalier/nn';
import { createCpuDevice, type Device } from '@espalier/tensor';
import { expect, test } from 'vitest';
import {
  bytesOfTensor,
  fileDType,
  fileDTypeNames,
  isReadable,
  readTensor,
  type TensorSource,
} from '../../src/index.ts';

function sourceOf(dtype: string, shape: readonly number[], given: ArrayBufferView): TensorSource {
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  return {
    format: 'test',
    name: 'memory',
    tensors: new Map([['x', { dtype, shape, bytes: bytes.length }]]),
    ties: new Map(),
    metadata: {},
    read: async (_, range) => new Uint8Array(bytes.slice(range?.begin, range?.end)),
    close: async () => undefined,
  };
}

test.each([
  ['F32', new Float32Array([1.5, -2]), 'f32', [1.5, -2]],
  ['F64', new Float64Array([0.1, -2]), 'f64', [0.1, -2]],
  ['F16', new Uint16Array([0x3c00, 0xc000]), 'f16', [1, -2]],
  ['BF16', new Uint16Array([0x3f80, 0xc000]), 'bf16', [1, -2]],
  ['I32', new Int32Array([-1, 2]), 'i32', [-1, 2]],
  ['U32', new Uint32Array([4294967295, 2]), 'u32', [4294967295, 2]],
  ['I8', new Int8Array([-1, 2]), 'i8', [-1, 2]],
  ['U8', new Uint8Array([255, 2]), 'u8', [255, 2]],
  ['BOOL', new Uint8Array([1, 0]), 'bool', [1, 0]],
  ['I16', new Int16Array([-300, 2]), 'i32', [-300, 2]],
  ['U16', new Uint16Array([65535, 2]), 'u32', [65535, 2]],
  ['I64', new BigInt64Array([-300n, 2n]), 'i32', [-300, 2]],
  ['U64', new BigUint64Array([4294967295n, 2n]), 'u32', [4294967295, 2]],
  ['F8_E4M3', new Uint8Array([0x38, 0xfe, 0x01]), 'f32', [1, -448, 2 ** -9]],
  ['F8_E5M2', new Uint8Array([0x3c, 0xfc, 0x01]), 'f32', [1, -Infinity, 2 ** -16]],
  ['F8_E4M3FNUZ', new Uint8Array([0x40, 0xff, 0x80]), 'f32', [1, -240, NaN]],
  ['F8_E5M2FNUZ', new Uint8Array([0x40, 0xff, 0x80]), 'f32', [1, -57344, NaN]],
  ['F8_E8M0', new Uint8Array([127, 0, 255]), 'f32', [1, 2 ** -127, NaN]],
  ['F4', new Uint8Array([0x72, 0x19]), 'f32', [1, 6, -0.5, 0.5]],
  ['I4', new Uint8Array([0x7f, 0x18]), 'i8', [-1, 7, -8, 1]],
  ['U4', new Uint8Array([0x7f]), 'u8', [15, 7]],
  ['I2', new Uint8Array([0b10_01_11_00]), 'i8', [0, -1, 1, -2]],
  ['U2', new Uint8Array([0b10_01_11_00]), 'u8', [0, 3, 1, 2]],
])('%s', async (dtype, values, own, expected) => {
  const read = await readTensor(sourceOf(dtype, [expected.length], values), 'x');
  expect(read.dtype).toBe(own);
  expect(read.arraySync()).toEqual(expected);
});

test('more than a piece is read in order', async () => {
  const count = 2 ** 20 + 3;
  const values = Int16Array.from({ length: count }, (_, index) => index % 30_000);
  const read = await readTensor(sourceOf('I16', [count], values), 'x');
  expect((await read.data()).every((value, index) => value === index % 30_000)).toBe(true);
});

test('what would be lost is refused by name', async () => {
  const read = (dtype: string, values: ArrayBufferView): Promise<unknown> =>
    readTensor(sourceOf(dtype, [1], values), 'x');
  await expect(read('I64', new BigInt64Array([2n ** 31n]))).rejects.toThrow("'x' is I64 and holds 2147483648");
  await expect(read('U64', new BigUint64Array([2n ** 32n]))).rejects.toThrow("'x' is U64 and holds 4294967296");
  await expect(read('BOOL', Uint8Array.of(2))).rejects.toThrow("'x' is BOOL, but holds bytes other than 0 and 1");
  await expect(read('C64', new Uint8Array(8))).rejects.toThrow("'x' is C64, which there are no tensors of");
  await expect(readTensor(sourceOf('F32', [1], new Float32Array(1)), 'y')).rejects.toThrow(
    "has no tensor 'y'; it has 'x'",
  );
});

/** A device that says it has no doubles, as those of WebGPU have none. */
function withoutDoubles(device: Device): Device {
  const capabilities = { ...device.capabilities, dtypes: new Set(['f32'] as const) };
  return new Proxy(device, {
    get: (target, key) => {
      const found: unknown = key === 'capabilities' ? capabilities : Reflect.get(target, key);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });
}

test('doubles are floats where the device has no doubles', async () => {
  const device = createCpuDevice();
  const narrow = withoutDoubles(device);
  const read = await readTensor(sourceOf('F64', [2], new Float64Array([0.1, 2])), 'x', { device: narrow });
  expect(read.dtype).toBe('f32');
  expect(await read.data()).toEqual(Float32Array.of(0.1, 2));
  device.dispose();
});

test('a failure while reading gives the memory back', async () => {
  const device = createCpuDevice();
  const source: TensorSource = {
    ...sourceOf('F32', [2 ** 21], new Float32Array(2 ** 21)),
    read: async (_, range) => {
      if (range?.begin !== 0) throw new FormatError('memory', range?.begin ?? 0, 'is gone');
      return new Uint8Array(range.end);
    },
  };
  await expect(readTensor(source, 'x', { device })).rejects.toThrow('is gone');
  expect(device.memory().buffers).toBe(0);
  device.dispose();
});

test('every dtype takes what it takes', () => {
  const bytes = (name: string, ...shape: readonly number[]): number | undefined => {
    const dtype = fileDType(name);
    return dtype && bytesOfTensor(dtype, shape);
  };
  expect(bytes('F32')).toBe(4);
  expect(bytes('F4', 3, 2)).toBe(3);
  expect(bytes('F4', 3, 1)).toBeUndefined();
  expect(bytes('Q4_K', 3, 512)).toBe(3 * 288);
  expect(bytes('Q4_K', 512, 3)).toBeUndefined();
  expect(bytes('Q4_K', 0, 3)).toBe(0);
  expect(bytes('F32', 2 ** 40, 2 ** 40)).toBeUndefined();
  expect(bytes('X')).toBeUndefined();
  for (const name of fileDTypeNames) expect(isReadable(name)).toBe(fileDType(name)?.dtype !== undefined);
});

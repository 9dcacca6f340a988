/** What the WebGPU device does besides computing: memory, transfers, users' kernels, errors. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Device } from '../../../src/device/device.ts';
import type { KernelDefinition, WgslImplementation } from '../../../src/kernel/definition.ts';
import type { CustomSpec, LoopSpec } from '../../../src/kernel/spec.ts';
import { chooseKernel, codebook, encodeMatrix, ones, type KernelChoice } from '../../../src/index.ts';
import { expectAgreement, numbers, openTestDevice } from './agreement.ts';
import { load, scalar, store } from './specs.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let device: Device;
beforeAll(async () => {
  device = await openTestDevice();
});
afterAll(() => device.dispose());

const floats = (bytes: Uint8Array<ArrayBuffer>): number[] =>
  Array.from(new Float32Array(bytes.buffer, 0, bytes.byteLength / 4));
const bytesOf = (values: readonly number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);

const doubling: LoopSpec = {
  kind: 'loop',
  bindings: [
    { dtype: 'f32', access: 'read' },
    { dtype: 'f32', access: 'write' },
  ],
  outer: [16],
  inner: [],
  body: [load(0, [1]), scalar('add', [0, 0], 'f32'), store(1, [1], 1)],
};

function custom(wgsl: WgslImplementation, name = 'scaled'): CustomSpec {
  const definition: KernelDefinition = {
    name,
    reference: (_, [input = new Float64Array()], [output = new Float64Array()]) =>
      output.set(input.map((value) => 3 * value)),
    wgsl: () => wgsl,
  };
  return {
    kind: 'custom',
    name,
    id: Math.floor(Math.random() * 2 ** 31),
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
    ],
    inputShapes: [[70]],
    outputShapes: [[70]],
    attributes: {},
    definition,
  };
}

const tripling = (body: string): WgslImplementation => ({
  code: `@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@compute @workgroup_size(64) fn triple(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < 70u) { ${body} }
}`,
  entryPoint: 'triple',
  workgroups: [2, 1, 1],
});

describe('memory', () => {
  test('counts what is asked for and reuses what is freed', () => {
    const before = device.memory();
    const first = device.allocate(1000);
    const second = device.allocate(3);
    expect(device.memory()).toEqual({ bytes: before.bytes + 1003, buffers: before.buffers + 2 });
    device.free(first);
    device.free(second);
    expect(device.memory()).toEqual(before);
    expect(() => device.free(first)).toThrow(/after it was freed/);
  });

  test('refuses a buffer larger than the adapter can bind', () => {
    expect(() => device.allocate(2 ** 45)).toThrow(/more than one buffer of this adapter holds/);
  });

  test('writes and reads any bytes of a buffer, and no others', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(39), fc.nat(39), async (length, a, b) => {
        const [start, end] = [Math.min(a, b, length), Math.min(Math.max(a, b), length)];
        const buffer = device.allocate(length);
        const expected = Uint8Array.from({ length }, (_, index) => 100 + index);
        device.write(buffer, 0, expected);
        const part = Uint8Array.from({ length: end - start }, (_, index) => index + 1);
        device.write(buffer, start, part);
        expected.set(part, start);
        expect(await device.read(buffer, 0, length)).toEqual(expected);
        expect(await device.read(buffer, start, end - start)).toEqual(part);
        device.free(buffer);
      }),
      { numRuns: 25 },
    );
  });

  test('takes views of shared memory', async () => {
    const buffer = device.allocate(8);
    device.write(buffer, 0, new Uint8Array(new SharedArrayBuffer(8)).fill(7));
    expect(Array.from(await device.read(buffer, 0, 8))).toEqual(new Array(8).fill(7));
    device.free(buffer);
  });

  test('cannot be read synchronously, and says what to do', () => {
    expect(() => device.readSync(device.allocate(4), 0, 4)).toThrow(/await tensor\.data\(\)/);
  });
});

describe('running', () => {
  test('reads and writes different parts of one buffer', async () => {
    const half = Math.max(64, device.capabilities.offsetAlignment);
    const buffer = device.allocate(2 * half);
    const values = numbers(16);
    device.write(buffer, 0, bytesOf(values));
    const ranges = [
      { buffer, byteOffset: 0, byteLength: 64 },
      { buffer, byteOffset: half, byteLength: 64 },
    ];
    const call = { kernel: device.prepare(doubling), ranges };
    device.run([call]);
    device.write(buffer, 0, bytesOf(values.map((value) => value / 2)));
    expect(floats(await device.read(buffer, half, 64))).toEqual(values.map((value) => 2 * value));
    // The same call again sees the new contents.
    device.run([call]);
    expect(floats(await device.read(buffer, half, 64))).toEqual(values);
    device.free(buffer);
  });

  test('finds an equal spec in its cache', () => {
    expect(device.prepare(structuredClone(doubling))).toBe(device.prepare(doubling));
  });

  test('keeps the order of many calls in one run', async () => {
    const [a, b] = [device.allocate(64), device.allocate(64)];
    device.write(a, 0, bytesOf(new Array(16).fill(1)));
    const whole = (buffer: typeof a): { buffer: typeof a; byteOffset: number; byteLength: number } => ({
      buffer,
      byteOffset: 0,
      byteLength: 64,
    });
    const kernel = device.prepare(doubling);
    device.run(
      Array.from({ length: 20 }, (_, turn) => ({
        kernel,
        ranges: turn % 2 === 0 ? [whole(a), whole(b)] : [whole(b), whole(a)],
      })),
    );
    expect(floats(await device.read(a, 0, 64))).toEqual(new Array(16).fill(2 ** 20));
  });

  test("runs a user's kernel", async () => {
    await expectAgreement(device, custom(tripling('output[id.x] = 3.0 * input[id.x];')), [numbers(70), 70]);
  });

  test('accepts a custom kernel only if it has WGSL, and nothing on f64', () => {
    const { wgsl: _, ...definition } = custom(tripling('')).definition;
    expect(device.accepts({ ...custom(tripling('')), definition })).toBe(false);
    expect(
      device.accepts({
        ...doubling,
        bindings: [
          { dtype: 'f64', access: 'read' },
          { dtype: 'f64', access: 'write' },
        ],
      }),
    ).toBe(false);
  });
});

describe('errors', () => {
  test('a kernel that does not compile is named, with the line', async () => {
    const broken = await openTestDevice();
    const buffer = broken.allocate(280);
    const range = { buffer, byteOffset: 0, byteLength: 280 };
    broken.run([
      {
        kernel: broken.prepare(custom(tripling('output[id.x] = nothing;'), 'broken')),
        ranges: [range, { ...range, buffer: broken.allocate(280) }],
      },
    ]);
    await expect(broken.synchronize()).rejects.toThrow(/kernel broken[\s\S]*nothing[\s\S]*4:\d+ \| /);
    // Once reported, the failure is over.
    await expect(broken.synchronize()).resolves.toBeUndefined();
    broken.dispose();
  });

  test('a kernel that does not compile says so at every use, prepared again or not', async () => {
    const broken = await openTestDevice();
    const ranges = [280, 280].map((size) => ({ buffer: broken.allocate(size), byteOffset: 0, byteLength: size }));
    const prepare = () => broken.prepare(custom(tripling('output[id.x] = nothing;'), 'broken'));
    const [first, second] = [prepare(), prepare()];
    for (const kernel of [first, first, second, prepare()]) {
      broken.run([{ kernel, ranges }]);
      await expect(broken.synchronize()).rejects.toThrow(/kernel broken[\s\S]*nothing[\s\S]*4:\d+ \| /);
    }
    await expect(broken.synchronize()).resolves.toBeUndefined();
    broken.dispose();
  });

  test('a disposed device says so', async () => {
    const gone = await openTestDevice();
    gone.dispose();
    expect(() => gone.allocate(4)).toThrow(/disposed of/);
    await expect(gone.synchronize()).rejects.toThrow(/disposed of/);
  });
});

test('an emulated adapter states what products cost, and chooses by it; of graphics cards nothing is known', async () => {
  const [software, hardware] = [await openTestDevice('software'), await openTestDevice('hardware')];
  const choiceOn = async (on: Device): Promise<KernelChoice> =>
    chooseKernel(await encodeMatrix(ones([128, 784], { device: on }), codebook), { rows: 64 });
  expect(await choiceOn(software)).toMatchObject({ kernel: 'dense', reason: expect.stringContaining('≥ crossover') });
  expect(await choiceOn(hardware)).toMatchObject({
    kernel: 'own',
    reason: expect.stringContaining('was not measured'),
  });
  software.dispose();
  hardware.dispose();
});

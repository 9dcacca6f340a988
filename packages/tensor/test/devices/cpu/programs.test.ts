// Programs are values: copies of them compute the same, wherever and in whichever parts they run.
import { checkKernelSpecs, checkPrograms, drawnKinds } from '@espalier/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../../../src/devices/cpu/engine.ts';
import { DeviceMemory } from '../../../src/devices/cpu/memory/device-memory.ts';
import { compile as compileSpec } from '../../../src/devices/cpu/programs.ts';
import { copySpec } from '../../../src/kernel/copy-spec.ts';
import type { MatmulSpec } from '../../../src/kernel/spec.ts';
import { createCpuDevice } from '../../../src/index.ts';
import { conv2dSpec } from '../conv2d-spec.ts';
import { inThread, onCopies, ProgramDevice, runnerOn } from './program-device.ts';
import { trained } from './trained.ts';

describe.each([
  ['in this thread', ({ views }: DeviceMemory) => ({ run: runnerOn(views), end: () => {} })],
  ['on a copy of the memory', onCopies],
  ['in a worker thread', inThread],
] as const)('the clone of a program, half of its units run %s and before that the others here,', (_, helper) => {
  let device: ProgramDevice;
  beforeAll(async () => {
    device = await ProgramDevice.open(helper);
  }, 30_000);
  afterAll(() => device.dispose());

  test.each(drawnKinds)('computes drawn %s kernels', async (kind) => {
    expect((await checkKernelSpecs(device, kind, { runs: 30 })).cases).toBe(30);
  });

  test('computes drawn graphs', async () => {
    expect((await checkPrograms(device, { runs: 10 })).cases).toBe(10);
  });

  test('trains, to the bytes of the cpu device', () => {
    expect(trained(device, 150)).toEqual(trained(createCpuDevice({ name: 'cpu:oracle' }), 150));
  });

  test('was divided', () => {
    expect(device.divided).toBeGreaterThan(50);
  });
});

describe('the outermost loop', () => {
  const engine = new Engine(new DeviceMemory());
  const dense = (batch: number, m: number, n: number, k: number): MatmulSpec => ({
    kind: 'matmul',
    bindings: (['read', 'read', 'write'] as const).map((access) => ({ dtype: 'f32', access })),
    batch: [batch],
    m,
    n,
    k,
    a: { binding: 0, offset: 0, strides: [m * k, k, 1] },
    b: { binding: 1, offset: 0, strides: [k * n, n, 1] },
    out: { binding: 2, offset: 0, strides: [m * n, n, 1] },
  });
  const conv = (pass: 'forward' | 'input' | 'weight', groups: number): Parameters<typeof conv2dSpec>[0] => ({
    pass,
    groups,
    batch: 6,
    inChannels: 8,
    outChannels: 8,
    size: [9, 9],
    kernel: [3, 3],
  });

  test.each([
    ['of a map are its widest vectors', copySpec('u32', 16 * 100 + 7), 100],
    ['of a product are blocks of its result', dense(1, 1000, 3000, 20), 8 * 3],
    ['of a product in batches are those of each', dense(4, 300, 20, 20), 4 * 3],
    ['of a product of one row are its rows', dense(5, 1, 100, 20), 5],
    ['of a convolution are images and groups', conv2dSpec(conv('forward', 2)).spec, 6 * 2],
    ['of a depthwise one are some groups of an image', conv2dSpec(conv('input', 8)).spec, 6 * 2],
    ['of the gradients of filters are pairs of channels', conv2dSpec(conv('weight', 2)).spec, 4],
  ] as const)('%s', (_, spec, units) => {
    expect(compileSpec(spec, engine).range).toBe(units);
  });

  test('units that differ by steps only are one step, however many they are', () => {
    const { steps } = compileSpec(dense(10_000, 5, 20, 6), engine);
    expect(steps.reduce((sum, { calls }) => sum + calls.length, 0)).toBeLessThan(20);
  });
});

test('a program of numbers that are known only when it runs is refused while it is made', () => {
  const engine = new Engine(new DeviceMemory());
  const { module } = engine.module();
  module.function('f', ['i32'], 'none', true);
  const { f } = engine.instantiate(module);
  expect(() => engine.record(() => () => f?.(undefined as unknown as number))).toThrow('not known before it runs');
  expect(() => f?.(1)).toThrow('while no program is recorded');
});

// Ever-changing shapes: what is kept for them is bounded, and freed.
import { expect, test } from 'vitest';
import { hostCollector } from '../../src/device/host-collector.ts';
import { mostKernels } from '../../src/device/kernel-cache.ts';
import { conv2dCalls } from '../../src/devices/cpu/conv/conv2d.ts';
import { createCpuDevice } from '../../src/devices/cpu/cpu-device.ts';
import { Engine } from '../../src/devices/cpu/engine.ts';
import { DeviceMemory } from '../../src/devices/cpu/memory/device-memory.ts';
import { compile, memory, ones, type Tensor } from '../../src/index.ts';
import { copySpec } from '../../src/kernel/copy-spec.ts';
import { conv2dSpec } from '../devices/conv2d-spec.ts';
import { runOn } from '../devices/run-on.ts';

test('a cpu device keeps the kernels that were asked for last, and compiles others again', () => {
  const device = createCpuDevice({ name: 'cpu:kernels' });
  const [oldest, second] = [1, 2].map((length) => device.prepare(copySpec('u32', length)));
  for (let length = 3; length <= mostKernels; length++) device.prepare(copySpec('u32', length));
  expect(device.prepare(copySpec('u32', 1))).toBe(oldest);
  device.prepare(copySpec('u32', mostKernels + 1));
  expect(device.prepare(copySpec('u32', 1))).toBe(oldest);
  expect(device.prepare(copySpec('u32', 2))).not.toBe(second);
  expect(runOn(device, copySpec('u32', 2), [[7, 8], [0, 0]])[1]).toEqual([7, 8]); // prettier-ignore
  device.dispose();
});

test('tables of convolutions are freed with their programs', async () => {
  const deviceMemory = new DeviceMemory();
  const engine = new Engine(deviceMemory);
  const shape = { batch: 1, inChannels: 3, outChannels: 4, kernel: [3, 3] } as const;
  const prepare = (size: number): void => {
    for (const pass of ['forward', 'input', 'weight'] as const)
      engine.record(() => conv2dCalls(conv2dSpec({ ...shape, pass, size: [size, size] }).spec, engine));
  };
  prepare(40);
  const before = deviceMemory.allocator.usedBlocks;
  for (let size = 8; size < 24; size++) prepare(size);
  expect(deviceMemory.allocator.usedBlocks).toBeGreaterThan(before);
  for (let turn = 0; turn < 50 && deviceMemory.allocator.usedBlocks >= before; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    hostCollector()?.collect();
  }
  // The first ones go, too.
  expect(deviceMemory.allocator.usedBlocks).toBeLessThan(before);
});

test('a compiled function keeps 256 recordings, and the memory of no other', () => {
  let recorded = 0;
  const step = compile((x: Tensor, k: number) => {
    recorded++;
    return x.mul(k).sort(0).values.cumsum(0);
  });
  const x = ones([300]).realizeSync();
  const call = (k: number): number => {
    const result = step(x, k);
    const [first] = result.dataSync();
    result.dispose();
    return first as number;
  };
  call(1);
  const one = memory().bytes;
  for (let k = 2; k <= 256; k++) call(k);
  const full = memory().bytes;
  expect([recorded, step.recordings]).toEqual([256, 256]);
  for (let k = 257; k <= 300; k++) expect(call(k)).toBe(k);
  expect([memory().bytes, step.recordings]).toEqual([full, 256]);
  expect([call(300), call(2), recorded]).toEqual([300, 2, 301]);
  step.dispose();
  expect(step.recordings).toBe(0);
  expect(memory().bytes).toBeLessThan(one);
});

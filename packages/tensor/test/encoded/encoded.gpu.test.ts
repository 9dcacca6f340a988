import fc from 'fast-check';
import { describe } from 'vitest';
import { nodeGpu } from '../../src/devices/webgpu/node-host.ts';
import { createWebGpuDevice } from '../../src/devices/webgpu/webgpu-device.ts';
import { encodedLaws } from './laws.ts';

// Every new kernel is compiled: a few cases take as long as hundreds on the processor.
const runs = fc.readConfigureGlobal().numRuns ?? 6;

describe.each(['hardware', 'software'] as const)('kernels for %s', (tuning) => {
  const device = (async () => {
    const gpu = await nodeGpu();
    if (gpu === undefined) throw new Error('no WebGPU adapter in Node: install the package webgpu and a Vulkan driver');
    return createWebGpuDevice({ gpu, tuning });
  })();
  encodedLaws(() => device, runs);
});

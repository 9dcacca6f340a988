import { describe } from 'vitest';
import { nodeGpu } from '../../src/devices/webgpu/node-host.ts';
import { createWebGpuDevice } from '../../src/devices/webgpu/open.ts';
import { accumulationLaws } from './accumulation-laws.ts';

describe.each(['hardware', 'software'] as const)('kernels for %s', (tuning) => {
  const device = (async () => {
    const gpu = await nodeGpu();
    if (gpu === undefined) throw new Error('no WebGPU adapter in Node: install the package webgpu and a Vulkan driver');
    return createWebGpuDevice({ gpu, tuning });
  })();
  accumulationLaws(() => device, { elements: 3e6, sum: 512, product: 2048, scan: 1024 });
});

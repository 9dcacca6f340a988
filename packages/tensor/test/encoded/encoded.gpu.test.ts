import { configure } from '@espalier/tensor';
import fc from 'fast-check';
import { describe } from 'vitest';
import { nodeGpu } from '../../src/devices/webgpu/node-host.ts';
import { createWebGpuDevice } from '../../src/devices/webgpu/open.ts';
import { encodedLaws } from './laws.ts';
import { productLaws } from './product-laws.ts';

// Every new kernel is compiled: a few cases take as long as hundreds on the processor.
const runs = fc.readConfigureGlobal().numRuns ?? 4;
// Sums down the columns of sparse matrices have no kernel there, which is no news here.
configure({ warn: () => undefined });
// And a smaller case of a failure costs as much as a new one.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });

describe.each(['hardware', 'software'] as const)('kernels for %s', (tuning) => {
  const device = (async () => {
    const gpu = await nodeGpu();
    if (gpu === undefined) throw new Error('no WebGPU adapter in Node: install the package webgpu and a Vulkan driver');
    return createWebGpuDevice({ gpu, tuning });
  })();
  productLaws(() => device, runs, 'to zero');
  encodedLaws(() => device, runs);
});

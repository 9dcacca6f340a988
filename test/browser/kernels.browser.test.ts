import { device } from '@espalier/tensor';
import { checkKernelSpecs, drawnKinds } from '@espalier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

// Every new kernel is compiled: see `test/ops/devices.gpu.test.ts`.
const runs = fc.readConfigureGlobal().numRuns ?? 12;

test.each(drawnKinds)('webgpu runs random %s kernels in a page as the reference does', async (kind) => {
  expect((await checkKernelSpecs(await device('webgpu'), kind, { runs })).cases).toBe(runs);
});

import { device } from '@espalier/tensor';
import { checkDevice, checkKernelSpecs, checkPrograms, drawnKinds } from '@espalier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

// Every new kernel is compiled: a few cases take as long as hundreds on the processor.
const runs = fc.readConfigureGlobal().numRuns ?? 6;

test('webgpu obeys the laws of a device', async () => {
  expect((await checkDevice(await device('webgpu'), { runs })).cases).toBe(runs);
});

test.each(drawnKinds)('webgpu runs random %s kernels as the reference does', async (kind) => {
  expect((await checkKernelSpecs(await device('webgpu'), kind, { runs })).cases).toBe(runs);
});

test('webgpu computes random programs as the reference does step by step', async () => {
  expect((await checkPrograms(await device('webgpu'), { runs })).cases).toBe(runs);
});

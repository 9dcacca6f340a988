import { device } from '@espalier/tensor';
import { checkDevice, checkKernelSpecs, checkPrograms, drawnKinds } from '@espalier/testing';
import { describe, expect, test } from 'vitest';

describe.each(['reference', 'cpu'] as const)('%s', (name) => {
  test('obeys the laws of a device', async () => {
    expect((await checkDevice(await device(name))).cases).toBeGreaterThan(0);
  });

  test.each(drawnKinds)('runs random %s kernels as the reference does', async (kind) => {
    expect((await checkKernelSpecs(await device(name), kind)).cases).toBeGreaterThan(0);
  });

  test('computes random programs as the reference does step by step', async () => {
    expect((await checkPrograms(await device(name))).cases).toBeGreaterThan(0);
  });
});

import { createReferenceDevice, type KernelSpec } from '@espalier/tensor';
import { checkPrograms } from '@espalier/testing';
import { expect, test } from 'vitest';

test('the reference device computes fused programs as it does step by step', async () => {
  expect(await checkPrograms(createReferenceDevice('same'), { runs: 150 })).toMatchObject({ cases: 150 });
});

test('a device that gets one op wrong is caught, with a small program', async () => {
  const device = createReferenceDevice('wrong');
  const prepare = device.prepare.bind(device);
  device.prepare = (spec) => prepare(JSON.parse(JSON.stringify(spec).replaceAll('"abs"', '"neg"')) as KernelSpec);
  await expect(checkPrograms(device, { runs: 300, seed: 1 })).rejects.toThrow(
    /v0 = (f32|i32)\[1?\] = \[-?[12]\][^]*abs\(\)/,
  );
});

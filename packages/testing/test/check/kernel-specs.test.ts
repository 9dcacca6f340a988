import { createReferenceDevice, type KernelSpec } from '@espalier/tensor';
import { checkKernelSpecs, drawnKinds } from '@espalier/testing';
import { expect, test } from 'vitest';

test.each(drawnKinds)('the reference device agrees with itself on %s', async (kind) => {
  expect(await checkKernelSpecs(createReferenceDevice('same'), kind, { runs: 200 })).toMatchObject({ cases: 200 });
});

test.each([
  ['loop', '"op":"max"', '"op":"min"', /outer: \[1(,1)?\]/],
  ['matmul', '"k":2', '"k":1', /m: 1\n/],
  ['conv2d', '"dilation":[2,', '"dilation":[1,', /batch: 1\n/],
  ['attention', '"causal":true', '"causal":false', /queries: [12]\n/],
  ['attention-gradient', '"causal":true', '"causal":false', /queries: [12]\n/],
  ['scan', '"op":"max"', '"op":"min"', /outer: 1\n/],
  ['sort', '"descending":true', '"descending":false', /rows: 1\n/],
  ['scatter-add', '"length":2', '"length":1', /outer: 1\n/],
] as const)('a device that gets %s wrong is caught, with a small spec', async (kind, from, to, smallest) => {
  const device = createReferenceDevice('wrong');
  const prepare = device.prepare.bind(device);
  device.prepare = (spec) => prepare(JSON.parse(JSON.stringify(spec).replaceAll(from, to)) as KernelSpec);
  await expect(checkKernelSpecs(device, kind, { runs: 500, seed: 1 })).rejects.toThrow(smallest);
});

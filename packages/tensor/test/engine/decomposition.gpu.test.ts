/** Kernels without WGSL on webgpu. */
import {
  defineKernel,
  device,
  DeviceError,
  gradients,
  tensor,
  type KernelDescription,
  type Tensor,
} from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { expect, test } from 'vitest';

const description: KernelDescription = {
  name: 'cube',
  inputs: 1,
  outputs: ([x]) => (x ? [x] : []),
  reference: (_, [x], [y]) => x?.forEach((value, i) => y?.fill(value ** 3, i, i + 1)),
};

test('a kernel without WGSL runs as its parts, gradients included', async () => {
  const webgpu = await device('webgpu');
  const cube = defineKernel({ ...description, decompose: ([x]) => [(x as Tensor).mul(x as Tensor).mul(x as Tensor)] });
  const x = tensor([1, 2, -3], { device: webgpu }).requiresGradients();
  const [y] = cube([x]) as [Tensor];
  await expectClose(y, [1, 8, -27]);
  await expectClose(gradients(y.sum(), [x])[0], [3, 12, 27]);
});

test('one that has no parts either is refused by name, with what to do', async () => {
  const webgpu = await device('webgpu');
  const call = (): Promise<unknown> =>
    (defineKernel(description)([tensor([1], { device: webgpu })])[0] as Tensor).data();
  await expect((async () => call())()).rejects.toThrow(DeviceError);
  await expect((async () => call())()).rejects.toThrow('"cube" has no WGSL implementation');
});

test('one with more buffers than the adapter binds runs as its parts', async () => {
  const webgpu = await device('webgpu');
  const inputs = webgpu.capabilities.maxBindings;
  const sum = defineKernel({
    name: 'sum of many',
    inputs,
    outputs: ([x]) => (x ? [x] : []),
    reference: (_, xs, [y]) => y?.fill(xs.reduce((total, x) => total + (x[0] as number), 0)),
    decompose: (xs) => [xs.reduce((a, b) => a.add(b))],
    wgsl: () => ({ code: 'not looked at', workgroups: [1, 1, 1] }),
  });
  const [y] = sum(Array.from({ length: inputs }, (_, i) => tensor([i], { device: webgpu }))) as [Tensor];
  await expectClose(y, [(inputs * (inputs - 1)) / 2]);
});

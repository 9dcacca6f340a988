// Threads give the bytes of one thread, whatever they compute.
import { checkKernelSpecs, checkPrograms, drawnKinds } from '@espalier/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpuDeviceWith } from '../../../src/devices/cpu/cpu-device.ts';
import {
  conv2d,
  createCpuDevice,
  fromTyped,
  Generator,
  gradients,
  layerNorm,
  randn,
  scaledDotProductAttention,
  type Conv2dOptions,
  type Device,
  type Tensor,
} from '../../../src/index.ts';
import { trained } from './trained.ts';

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.each([2, 5])('a device of %i threads that asks them for every kernel', (threads) => {
  let device: Device;
  beforeAll(async () => {
    device = cpuDeviceWith({ name: `cpu:${threads}`, threads, maximumBytes: 256 * 2 ** 20 }, 0);
    trained(device, 600);
    await sleep(300);
  });
  afterAll(() => device.dispose());

  test.each(drawnKinds)('computes drawn %s kernels', async (kind) => {
    expect((await checkKernelSpecs(device, kind, { runs: 30 })).cases).toBe(30);
  });

  test('computes drawn graphs', async () => {
    expect((await checkPrograms(device, { runs: 10 })).cases).toBe(10);
  });

  test('trains, to the bytes of one thread', () => {
    const one = createCpuDevice({ name: 'cpu:one', threads: 1 });
    expect(trained(device, 600)).toEqual(trained(one, 600));
  });
});

/** Kernels that are large enough to be cut by everything they are cut by, on numbers among which some are not finite. */
const large: Readonly<Record<string, (drawn: (...shape: readonly number[]) => Tensor) => readonly Tensor[]>> = {
  products: (drawn) => [
    drawn(1, 700).matmul(drawn(700, 900)),
    drawn(7, 300).matmul(drawn(900, 300).t()),
    drawn(300, 500).matmul(drawn(500, 200)),
    drawn(200, 1500).t().matmul(drawn(200, 130)),
    drawn(3, 40, 50).matmul(drawn(3, 50, 60)),
  ],
  rows: (drawn) => [drawn(300, 200).softmax(1), drawn(200, 300).softmax(0), drawn(300, 200).cumsum(1)],
  orders: (drawn) => [drawn(40, 300).sort(1).values, drawn(40, 300).t().add(1), drawn(300, 40).argmax(0)],
  halves: (drawn) => [
    drawn(300, 200).cast('f16').gelu().add(1),
    drawn(300, 200).cast('f16').mul(drawn(300, 200).cast('f16')),
    ...[0, 1].map((axis) => drawn(300, 200).cast('f16').sum(axis)),
    drawn(300, 200).cast('f16').softmax(1),
    drawn(300, 200).cast('f16').cumsum(1),
    layerNorm(drawn(300, 200).cast('f16'), { weight: drawn(200).cast('f16') }),
    drawn(90, 80).cast('bf16').matmul(drawn(80, 70).cast('bf16')),
  ],
  convolutions: (drawn) =>
    [
      [drawn(3, 6, 20, 20), drawn(16, 6, 5, 5), {}],
      [drawn(1, 8, 30, 30), drawn(8, 1, 3, 3), { groups: 8, padding: 1 }],
      [drawn(2, 40, 9, 9), drawn(30, 40, 1, 1), {}],
      [drawn(2, 4, 33, 33), drawn(8, 4, 3, 3), { stride: 2, padding: 1 }],
    ].flatMap(([image, filters, options]) => {
      const [x, w] = [(image as Tensor).requiresGradients(), (filters as Tensor).requiresGradients()];
      const y = conv2d(x, w, options as Conv2dOptions);
      return [y, ...gradients(y.mul(y).sum(), [x, w])];
    }),
  attention: (drawn) => {
    const [q, k, v] = [drawn(2, 4, 70, 16), drawn(2, 4, 90, 16), drawn(2, 4, 90, 8)].map((x) => x.requiresGradients());
    const y = scaledDotProductAttention(q as Tensor, k as Tensor, v as Tensor, { causal: true });
    return [y, ...gradients(y.mul(y).sum(), [q, k, v] as Tensor[])];
  },
};

describe('what is large', () => {
  const devices = [1, 3].map((threads) => cpuDeviceWith({ name: `cpu:large-${threads}`, threads }, 0));
  beforeAll(async () => {
    trained(devices[1] as Device, 600);
    await sleep(300);
  });
  afterAll(() => devices.forEach((device) => device.dispose()));

  test.each(Object.keys(large))('is the same to the bit by one thread and by three: %s', (name) => {
    for (const special of [undefined, NaN, Infinity]) {
      const [one, three] = devices.map((device) => {
        const generator = new Generator(3);
        const drawn = (...shape: readonly number[]): Tensor => {
          const numbers = randn(shape, { generator, device });
          const values = numbers.dataSync();
          if (special !== undefined) values[values.length >> 1] = special;
          return fromTyped(values as Float32Array, shape, { device });
        };
        return (large[name] as (typeof large)[string])(drawn).map((each) =>
          Buffer.from(each.bytesSync()).toString('hex'),
        );
      });
      expect(three).toEqual(one);
    }
  });
});

/** A net that is trained on a device, to compare its bytes with those of others. */
import { compile, Generator, randn, type Tensor } from '../../../src/index.ts';
import type { Device } from '../../../src/device/device.ts';

/** Bytes of a net after three steps on a batch of so many rows, by a device. */
export function trained(device: Device, batch: number): readonly number[][] {
  const generator = new Generator(7);
  const drawn = (shape: readonly number[]): Tensor => randn(shape, { generator, device }).realizeSync();
  const weights = [drawn([20, 300]), drawn([300, 10])] as const;
  const x = drawn([batch, 20]);
  const step = compile((input: Tensor) => {
    const [first, second] = weights;
    const hidden = input.matmul(first).relu();
    first.assign(first.sub(input.t().matmul(hidden).mul(1e-4)));
    second.assign(second.mul(0.9).add(hidden.t().matmul(hidden.matmul(second).softmax()).mul(1e-3)));
  });
  for (let turn = 0; turn < 3; turn++) step(x);
  return weights.map((weight) => [...weight.bytesSync()]);
}

/** A device that is full: what nobody reaches is given back first, what is told then helps, and the engine works on. */
import {
  compile,
  createCpuDevice,
  DeviceError,
  full,
  layerNorm,
  ones,
  OutOfMemoryError,
  scope,
  uniform,
  zeros,
  type Device,
  type Tensor,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const MiB = 2 ** 20;
/** A device of 32 MiB. */
const small = (): Device => createCpuDevice({ name: 'small', maximumBytes: 32 * MiB });
/** A tensor of `size` MiB, computed. */
const big = (device: Device, size = 1, value = 1): Tensor =>
  ones([size, 512, 512], { device }).mul(value).realizeSync();

describe('a device that is full', () => {
  test('a loop that never returns to its host and disposes nothing goes on for ever', () => {
    const device = small();
    for (let i = 0; i < 500; i++) expect(big(device, 1, i).shape).toEqual([1, 512, 512]);
    expect(big(device, 4).sum().itemSync()).toBe(4 * 512 * 512);
    device.dispose();
  });

  test('so does one that only waits for promises', async () => {
    const device = small();
    for (let i = 0; i < 200; i++) expect((await big(device, 2, i).max().data())[0]).toBe(i);
    device.dispose();
  });

  test('garbage is looked for before the end of memory is near', () => {
    const device = createCpuDevice({ name: 'large' });
    let most = 0;
    for (let i = 0; i < 300; i++) {
      big(device);
      most = Math.max(most, device.memory().bytes);
    }
    expect(most).toBeLessThan(80 * MiB);
    device.dispose();
  });

  test('says what had no room, how large it was and what is alive; then works on', () => {
    const device = small();
    const held = Array.from({ length: 7 }, (_, i) => big(device, 4, i));
    const wanted = held[0]?.add(1) as Tensor;
    expect(() => wanted.realizeSync()).toThrow(OutOfMemoryError);
    expect(() => wanted.realizeSync()).toThrow(DeviceError);
    expect(() => wanted.realizeSync()).toThrow(
      /^add: no room for a buffer, needed to compute f32 \[4, 512, 512\], of 4\.0 MiB: 28\.\d MiB in \d+ blocks are alive .* ends at 32\.0 MiB; dispose of tensors/,
    );
    expect(() => wanted.matmul(wanted).sum().realizeSync()).toThrow(/^sum: no room for a buffer/);
    const before = device.memory();
    expect(() => wanted.realizeSync()).toThrow(OutOfMemoryError);
    expect(device.memory()).toEqual(before);
    // What is alive is whole, and a place that becomes free is used.
    for (const [i, tensor] of held.entries()) expect(tensor.max().itemSync()).toBe(i);
    held[1]?.dispose();
    expect(wanted.realizeSync().max().itemSync()).toBe(1);
    device.dispose();
  });

  test('a call that may wait lets finalizers run before it gives up', async () => {
    const device = small();
    const held = Array.from({ length: 7 }, () => big(device, 4));
    await expect((held[0] as Tensor).add(2).data()).rejects.toThrow(OutOfMemoryError);
    const waiting = (held[0] as Tensor).add(1).data();
    for (const tensor of held.slice(1)) tensor.dispose();
    expect((await waiting)[0]).toBe(2);
    device.dispose();
  });

  test('arguments of a running step are not garbage, though nobody looks at them again', () => {
    const device = small();
    const step = compile((x: Tensor) => x.add(1).mul(2));
    // Results fill the memory while the step runs on an argument that only it knows.
    for (let i = 0; i < 100; i++)
      expect(
        step(big(device, 4, i))
          .max()
          .itemSync(),
      ).toBe((i + 1) * 2);
    device.dispose();
  });

  test('state that has no room fails where it is read, and nowhere else', () => {
    const device = small();
    const state = zeros([1], { device }).expand([6, 512, 512]);
    state.assign(ones([6, 512, 512], { device }).mul(3));
    const held = Array.from({ length: 6 }, () => scope(() => big(device, 4)));
    const other = zeros([4], { device });
    expect(other.add(1).arraySync()).toEqual([1, 1, 1, 1]);
    for (const tensor of held) tensor.dispose();
    expect(state.max().itemSync()).toBe(3);
    device.dispose();
  });
});

test('what is disposed frees its memory at once, whatever it was computed by', () => {
  const on = createCpuDevice();
  const x = full([64, 64], 0.5, { device: on }).realizeSync();
  const made: readonly (() => Tensor)[] = [
    () => x.softmax(),
    () => x.logSoftmax(),
    () => x.mean(0, { keepDims: true }),
    () => x.var(1, { keepDims: true }),
    () => x.logSumExp(0, { keepDims: true }),
    () => layerNorm(x),
    () => x.round(2),
    () => uniform([64, 64], { low: 1, high: 3 }, { device: on }),
  ];
  for (const make of made) {
    const before = on.memory().bytes;
    const tensor = make().realizeSync();
    tensor.dispose();
    expect(on.memory().bytes, String(make)).toBe(before);
  }
  on.dispose();
});

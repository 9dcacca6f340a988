import { build, crossEntropy, fit, SGD, type EpochResult, type FitEvent } from '@espalier/nn';
import { createCpuDevice, type Device } from '@espalier/tensor';
import { afterEach, expect, test, vi } from 'vitest';
import { clusters } from '../helpers/toy.ts';

afterEach(() => void vi.restoreAllMocks());

/** A device with a clock that goes only when somebody waits. */
interface Queued {
  readonly device: Device;
  /** Milliseconds of work done so far. */
  readonly worked: () => number;
  readonly wait: (milliseconds: number) => void;
}

/** Asking for work takes no time, as on a GPU; each read waits until all of it is done, at `kernelMs` a kernel. */
function queued(kernelMs: number): Queued {
  const device = createCpuDevice();
  const [run, read] = [device.run.bind(device), device.read.bind(device)];
  let [now, pending, worked] = [0, 0, 0];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  Object.assign(device, {
    capabilities: { ...device.capabilities, synchronousRead: false },
    run: (calls: Parameters<Device['run']>[0]): void => {
      pending += calls.length * kernelMs;
      run(calls);
    },
    read: async (...range: Parameters<Device['read']>) => {
      now += pending;
      worked += pending;
      pending = 0;
      return read(...range);
    },
  });
  return { device, worked: () => worked, wait: (milliseconds) => void (now += milliseconds) };
}

test.each([
  ['where every step is reported', 0],
  ['where only epochs are', Infinity],
])('times and rates are of work that the device has finished, %s', async (_, progressEvery) => {
  const { device, worked, wait } = queued(10);
  const model = build({ type: 'linear', in: 4, out: 3 }, { seed: 1, device });
  const data = clusters(320, 1, device);
  const before = worked();
  const epochs: EpochResult[] = [];
  const rates: number[] = [];
  const onEvent = (event: FitEvent): void => {
    if (event.type === 'progress') rates.push(event.examplesPerSecond);
    if (event.type === 'epoch') epochs.push(event);
    // What a callback takes is no time of training.
    wait(5000);
  };
  const optimizer = new SGD({ lr: 0.1 });
  await fit(model, data, { loss: crossEntropy, optimizer, epochs: 3, batchSize: 32, progressEvery, onEvent });
  for (const { seconds, examplesPerSecond } of epochs) {
    // Ten steps of several kernels, of ten milliseconds each.
    expect(seconds).toBeGreaterThanOrEqual(0.3);
    expect(examplesPerSecond).toBeCloseTo(320 / seconds, 6);
  }
  const total = epochs.reduce((sum, { seconds }) => sum + seconds, 0);
  expect(total * 1000).toBeLessThanOrEqual(worked() - before);
  expect(rates).toHaveLength(progressEvery === 0 ? 30 : 0);
  for (const rate of rates) expect(rate).toBeLessThanOrEqual(320 / 0.3);
});

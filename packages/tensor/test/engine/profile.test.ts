// Profiles: which kernels ran, what is said of them, and that nobody pays who does not ask.
import {
  ArgumentError,
  compile,
  createCpuDevice,
  createReferenceDevice,
  DeviceError,
  measurePeaks,
  ones,
  profile,
  profileOf,
  rand,
  type Device,
  type Profile,
  type Tensor,
} from '@espalier/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Recorder } from '../../src/profile/recorder.ts';
import { watch } from '../../src/runtime/watch.ts';

let device: Device;
beforeAll(() => void (device = createCpuDevice({ name: 'profiled', threads: 1 })));
afterAll(() => device.dispose());

const quick = { peaks: false } as const;

/** A tensor that is there before anything is watched. */
function stored(shape: readonly number[]): Tensor {
  const value = rand(shape, { device });
  void value.dataSync();
  return value;
}

describe('a profile', () => {
  test('has each kernel with its calls, the one that took longest first', () => {
    const [x, w] = [stored([64, 128]), stored([128, 32])];
    const { kernels, ms, kernelMs, planningMs, hostMs } = profile(() => {
      for (let step = 0; step < 3; step++) void x.matmul(w).relu().dataSync();
      void x.sum().itemSync();
    }, quick);
    const product = kernels.find(({ kind }) => kind === 'matmul');
    expect(product).toMatchObject({ calls: 3, device: 'profiled', threads: 1 });
    // The maximum may be a kernel of its own.
    const operations = kernels.reduce((sum, { flops }) => sum + (flops ?? NaN), 0);
    expect(operations).toBe(3 * (2 * 64 * 128 * 32 + 64 * 32) + 64 * 128);
    expect(product?.text).toMatch(/^matmul i < 64, j < 32 over k < 128; sum = sum over k of a/);
    expect(kernels.map((kernel) => kernel.ms)).toEqual(kernels.map((kernel) => kernel.ms).toSorted((a, b) => b - a));
    expect(kernels.reduce((sum, kernel) => sum + kernel.ms, 0)).toBeCloseTo(kernelMs, 6);
    expect(kernelMs + planningMs + hostMs).toBeCloseTo(ms, 6);
  });

  test('has what compiled functions run, and the copies that they make', () => {
    const x = stored([300]);
    const step = compile((value: Tensor) => value.mul(2).exp());
    const { kernels } = profile(() => {
      for (let at = 0; at < 5; at++) step(x).dispose();
    }, quick);
    expect(kernels.reduce((sum, { calls }) => sum + calls, 0)).toBe(5);
    expect(kernels.every(({ flops, bytes }) => flops === 5 * 2 * 300 && bytes === 5 * 2 * 4 * 300)).toBe(true);
  });

  test('numbers devices of one name', () => {
    const others = [1, 2].map((threads) => createCpuDevice({ name: 'profiled', threads }));
    const { kernels } = profile(
      () => [device, ...others].map((each, at) => ones([10 + at], { device: each }).add(1)),
      quick,
    );
    const names = kernels.map((kernel) => kernel.device).toSorted();
    expect(names).toEqual(['profiled', 'profiled (2)', 'profiled (3)']);
    for (const other of others) other.dispose();
  });

  test('computes the tensors that the function gives, and gives them', () => {
    const x = ones([10], { device });
    const { result, kernels } = profile(() => ({ twice: [x.add(x)] }), quick);
    expect(kernels).toHaveLength(1);
    expect([...(result.twice[0] as Tensor).dataSync()]).toEqual(Array.from({ length: 10 }, () => 2));
  });

  test('of an asynchronous function lasts until its promise resolves', async () => {
    const x = ones([10], { device });
    const found = await profile(async () => {
      await Promise.resolve();
      return [...(await x.mul(3).data())];
    }, quick);
    expect(found.kernels).toHaveLength(1);
    expect(found.result[0]).toBe(3);
    expect(watch.by).toBeUndefined();
  });

  test('within another one is part of it', () => {
    const x = ones([10], { device });
    const outer = profile(() => {
      void x.mul(3).dataSync();
      return profile(() => void x.mul(5).dataSync(), quick);
    }, quick);
    expect(outer.result.kernels.reduce((sum, { calls }) => sum + calls, 0)).toBe(1);
    expect(outer.kernels.reduce((sum, { calls }) => sum + calls, 0)).toBe(2);
  });

  test('of what fails is none, and nobody watches any more', async () => {
    expect(() =>
      profile(() => {
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
    await expect(profile(() => Promise.reject(new RangeError('mine')))).rejects.toThrow(RangeError);
    expect(watch.by).toBeUndefined();
    expect(() => profile(3 as never)).toThrow(ArgumentError);
  });

  test('is refused on a device that runs beside this thread', () => {
    const beside = Object.assign(createReferenceDevice('beside'), {});
    Object.defineProperty(beside, 'capabilities', { value: { ...beside.capabilities, synchronousRead: false } });
    const run = (): unknown => profile(() => ones([3], { device: beside }).mul(3), quick);
    expect(run).toThrow(DeviceError);
    expect(run).toThrow(/device beside runs its kernels beside this thread/);
    expect(() => measurePeaks(beside)).toThrow(DeviceError);
  });

  test('counts only the part of a dimension that is there', () => {
    const x = ones([8, 16], { device });
    const counted = (length: number): number => {
      const rows = ones([], { device, dtype: 'i32' }).mul(length);
      void rows.itemSync();
      const { kernels } = profile(() => x.upTo(0, rows).mul(3).add(1), quick);
      return kernels.reduce((sum, { flops }) => sum + (flops ?? NaN), 0);
    };
    expect([counted(3), counted(8), counted(0)]).toEqual([2 * 3 * 16, 2 * 8 * 16, 0]);
  });
});

test('a profile of several parts adds up what is the same', () => {
  const x = stored([10, 10]);
  const [one, other] = [1, 2].map(() => profile(() => void x.matmul(x).dataSync(), { ...quick, name: 'part' }));
  const parts = [...(one as Profile).parts, ...(other as Profile).parts];
  const both = profileOf(parts, { profiled: { gflops: 10, gigabytes: 5 } });
  const [kernel] = both.kernels;
  expect(both.kernels).toHaveLength(1);
  expect(kernel).toMatchObject({ calls: 2, flops: 2 * 2000, bytes: 2 * 1200, bound: 'memory' });
  expect(kernel?.peakShare).toBeCloseTo(2400 / 5e6 / (kernel?.ms as number), 10);
  expect(JSON.parse(JSON.stringify(both))).not.toHaveProperty('parts');
});

test('calls beyond a number are counted and not told one by one', () => {
  const recorder = new Recorder();
  for (let at = 0; at < 200_003; at++) recorder.planned(0, 1);
  const { untold, planningMs, happenings } = recorder.data('many');
  expect([untold, planningMs, happenings.kernel.length]).toEqual([3, 200_003, 200_000]);
});

test('a trace has complete events of calls and plans, in microseconds', () => {
  const [x, y] = [stored([40, 41]), stored([40, 41])];
  const found = profile(() => void x.matmul(y.t()).dataSync(), { ...quick, name: 'mine' });
  const { traceEvents } = found.trace();
  const complete = traceEvents.filter((event) => event.ph === 'X');
  const [run] = complete.filter(({ cat }) => cat === 'run');
  const kernel = complete.find(({ cat }) => cat === 'kernel');
  expect(complete.map(({ cat }) => cat).toSorted()).toEqual(['kernel', 'planning', 'run']);
  expect(run).toMatchObject({ name: 'mine', ts: 0, dur: 1000 * found.ms });
  expect(kernel?.dur).toBe(1000 * (found.kernels[0]?.ms as number));
  expect(kernel?.args).toEqual({
    device: 'profiled',
    threads: 1,
    flops: 2 * 40 * 40 * 41,
    bytes: 4 * (2 * 1640 + 1600),
  });
  expect((kernel?.ts ?? 0) + (kernel?.dur ?? 0)).toBeLessThanOrEqual(run?.dur ?? 0);
});

test('a profile as text is a table', () => {
  const x = stored([10, 10]);
  const { parts } = profile(() => x.matmul(x), quick);
  const [part] = parts as [(typeof parts)[0]];
  const told = {
    ...part,
    ms: 10,
    planningMs: 2,
    kernels: part.kernels.map((kernel) => ({ ...kernel, ms: 4, calls: 3, flops: 8e6, bytes: 2e6 })),
    untold: 7,
  };
  const found = profileOf([told], { profiled: { gflops: 10, gigabytes: 5 } });
  expect(String(found)).toMatchInlineSnapshot(`
    "10.0 ms: 4.00 ms (40 %) in 3 calls of 1 kernel, 2.00 ms (20 %) planning, 4.00 ms (40 %) elsewhere
      ms  share  calls  threads  MFLOP    MB  GFLOP/s   GB/s  peak       of  kernel
    4.00   40 %      3        1   8.00  2.00     2.00  0.500  20 %  compute  matmul i < 10, j < 10 over k < 10; sum = sum over k of a[10·i + k] * b[10·k + j]; c[10·i + j] =…
    peak of profiled, measured: 10.0 GFLOP/s (f32 product in cache), 5.00 GB/s (reading memory)
    the trace lacks the last 7 calls: there were too many"
  `);
});

test('peaks are measured once', () => {
  const slow = createReferenceDevice('slow');
  const peaks = measurePeaks(slow);
  expect(peaks.gflops).toBeGreaterThan(0);
  expect(peaks.gigabytes).toBeGreaterThan(0);
  expect(measurePeaks(slow)).toBe(peaks);
  expect(slow.memory()).toEqual({ bytes: 0, buffers: 0 });
});

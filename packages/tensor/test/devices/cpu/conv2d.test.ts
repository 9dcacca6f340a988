import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { Conv2dSpec } from '../../../src/kernel/spec.ts';
import { conv2dSpec } from '../conv2d-spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

interface ConvCase {
  readonly spec: Conv2dSpec;
  readonly contents: readonly (readonly number[])[];
}

/** Small integers: every product and sum is exact in f32, so that results must be equal. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => ((Math.imul(i + seed, 2654435761) >>> 20) % 7) - 3);
}

/** Some of them are not finite. */
function withExtremes(values: readonly number[], pick: (min: number, max: number) => number): number[] {
  const changed = [...values];
  for (let left = pick(1, 3); left > 0 && changed.length > 0; left--)
    changed[pick(0, changed.length - 1)] = [Number.NaN, Infinity, -Infinity][pick(0, 2)] ?? 0;
  return changed;
}

const convCases: fc.Arbitrary<ConvCase> = fc.gen().map((draw) => {
  const pick = (min: number, max: number): number => draw(fc.integer, { min, max });
  const pair = (min: number, max: number): [number, number] => [pick(min, max), pick(min, max)];
  const groups = pick(1, 3);
  const [kernel, stride, dilation, padding] = [pair(1, 4), pair(1, 3), pair(1, 2), pair(0, 3)];
  const extra = pair(0, pick(0, 1) === 0 ? 9 : 30);
  const sizeOf = (d: 0 | 1): number => Math.max(1, (kernel[d] - 1) * dilation[d] + 1 - 2 * padding[d]) + extra[d];
  const { spec, sizes } = conv2dSpec({
    pass: (['forward', 'input', 'weight'] as const)[pick(0, 2)] ?? 'forward',
    batch: pick(0, 3),
    groups,
    inChannels: groups * pick(1, pick(0, 3) === 0 ? 12 : 3),
    outChannels: groups * pick(1, pick(0, 3) === 0 ? 12 : 6),
    size: [sizeOf(0), sizeOf(1)],
    kernel,
    stride,
    padding,
    dilation,
    dtype: (['f32', 'f32', 'f32', 'f16', 'bf16'] as const)[pick(0, 4)] ?? 'f32',
    offsets: [0, 1, 2],
  });
  const extreme = pick(0, 5);
  const contents = sizes.map((size, binding) => {
    if (spec.bindings[binding]?.access === 'write') return new Array<number>(size).fill(9);
    const values = numbers(size, binding + 1);
    return binding === extreme ? withExtremes(values, pick) : values;
  });
  return { spec, contents };
});

describe('conv2d', () => {
  test('agrees with the reference on every small shape, where offsets of patches meet by chance', () => {
    const small = [1, 2, 3] as const;
    for (const pass of ['forward', 'input', 'weight'] as const)
      for (const [height, width] of small.flatMap((h) => small.map((w) => [h, w] as const)))
        for (const kernel of small.flatMap((h) => small.map((w) => [h, w] as const)))
          for (const padding of [0, 1, 2]) {
            if (height + 2 * padding < kernel[0] || width + 2 * padding < kernel[1]) continue;
            const { spec, sizes } = conv2dSpec({
              pass,
              batch: 1,
              inChannels: 3,
              outChannels: 3,
              size: [height, width],
              kernel,
              padding: [padding, padding],
            });
            const contents = sizes.map((size, binding) => numbers(size, binding + 1));
            expect(runOn(cpu, spec, contents), JSON.stringify(spec)).toEqual(runOn(reference, spec, contents));
          }
  }, 60_000);

  test('agrees with the reference in all passes', () => {
    fc.assert(
      fc.property(convCases, ({ spec, contents }) => {
        expect(cpu.accepts(spec)).toBe(true);
        expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  test.each([
    ['sums of more than one block', { inChannels: 70, outChannels: 60, size: [6, 9] }],
    [
      'planes that would meet in a cache',
      { inChannels: 12, outChannels: 16, size: [8, 16], kernel: [1, 1], padding: [0, 0] },
    ],
    ['one image in many units', { inChannels: 3, outChannels: 7, size: [40, 37], stride: [2, 2] }],
    ['many groups of an image in a unit', { batch: 3, groups: 40, inChannels: 40, outChannels: 80, size: [7, 7] }],
    [
      'outputs that saw nothing but padding',
      { inChannels: 2, outChannels: 3, size: [1, 12], kernel: [1, 1], stride: [3, 3], padding: [1, 1] },
    ],
    ['strides that skip pixels', { inChannels: 4, outChannels: 5, size: [23, 29], kernel: [2, 2], stride: [3, 3] }],
  ] as const)('agrees with the reference on %s', (_, item) => {
    for (const pass of ['forward', 'input', 'weight'] as const) {
      const { spec, sizes } = conv2dSpec({ pass, batch: 1, kernel: [3, 3], padding: [1, 1], ...item });
      const contents = sizes.map((size, binding) => numbers(size, binding + 1));
      expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
    }
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { DType } from '../../../src/dtype/dtype.ts';
import type { Access, Conv2dSpec } from '../../../src/kernel/spec.ts';
import { runOn } from './run-on.ts';

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

const convCases: fc.Arbitrary<ConvCase> = fc.gen().map((draw) => {
  const pick = (min: number, max: number): number => draw(fc.integer, { min, max });
  const pair = (min: number, max: number): [number, number] => [pick(min, max), pick(min, max)];
  const groups = pick(1, 3);
  const [inChannels, outChannels] = [groups * pick(1, 3), groups * pick(1, 6)];
  const [kernel, stride, dilation, padding] = [pair(1, 4), pair(1, 3), pair(1, 2), pair(0, 3)];
  const extra = pair(0, 9);
  const reach = [0, 1].map((dim) => ((kernel[dim] as number) - 1) * (dilation[dim] as number) + 1);
  const inSize = [0, 1].map(
    (dim) => Math.max(1, (reach[dim] as number) - 2 * (padding[dim] as number)) + (extra[dim] as number),
  ) as [number, number];
  const outSize = [0, 1].map(
    (dim) =>
      Math.floor(
        ((inSize[dim] as number) + 2 * (padding[dim] as number) - (reach[dim] as number)) / (stride[dim] as number),
      ) + 1,
  ) as [number, number];
  const batch = pick(0, 3);
  const pass = (['forward', 'input', 'weight'] as const)[pick(0, 2)] as Conv2dSpec['pass'];
  const written = { forward: 2, input: 0, weight: 1 }[pass];
  const dtype = (['f32', 'f32', 'f32', 'f16', 'bf16'] as const)[pick(0, 4)] as DType;
  const sizes = [
    batch * inChannels * inSize[0] * inSize[1],
    (outChannels * inChannels * kernel[0] * kernel[1]) / groups,
    batch * outChannels * outSize[0] * outSize[1],
  ];
  const access = (binding: number, [, b, c, d]: readonly number[]): Access => ({
    binding,
    offset: binding,
    strides: [(b ?? 1) * (c ?? 1) * (d ?? 1), (c ?? 1) * (d ?? 1), d ?? 1, 1],
  });
  const spec: Conv2dSpec = {
    kind: 'conv2d',
    pass,
    bindings: [0, 1, 2].map((binding) => ({ dtype, access: binding === written ? 'write' : 'read' })),
    batch,
    groups,
    inChannels,
    outChannels,
    inSize,
    outSize,
    kernel,
    stride,
    padding,
    dilation,
    x: access(0, [batch, inChannels, ...inSize]),
    w: access(1, [outChannels, inChannels / groups, ...kernel]),
    y: access(2, [batch, outChannels, ...outSize]),
  };
  return {
    spec,
    contents: sizes.map((size, binding) =>
      binding === written ? new Array<number>(size + binding).fill(9) : numbers(size + binding, binding + 1),
    ),
  };
});

describe('conv2d', () => {
  test('agrees with the reference in all passes', () => {
    fc.assert(
      fc.property(convCases, ({ spec, contents }) => {
        expect(cpu.accepts(spec)).toBe(true);
        expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

/** What holds of convolutions with what follows them, on a device: one kernel, and the values of each op by itself. */
import { conv2d, Generator, randn, type Device, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { watchKernels } from './watch-kernels.ts';

interface Convolution {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** A case of each way in which devices compute convolutions. */
const shapes: Readonly<Record<string, Convolution>> = {
  'packed, with ragged tiles': { x: [2, 3, 9, 11], w: [7, 3, 3, 3], padding: 1 },
  'several blocks of pixels': { x: [2, 3, 37, 35], w: [5, 3, 3, 3], padding: 1 },
  'several blocks of depth': { x: [1, 33, 6, 6], w: [5, 33, 3, 3] },
  pointwise: { x: [2, 8, 6, 5], w: [6, 8, 1, 1] },
  depthwise: { x: [2, 5, 8, 7], w: [5, 1, 3, 3], padding: 1, groups: 5 },
  grouped: { x: [2, 6, 7, 7], w: [8, 3, 3, 3], groups: 2 },
  'strided and dilated': { x: [2, 4, 13, 12], w: [5, 4, 3, 2], stride: 2, padding: 2, dilation: 2 },
  'one column': { x: [2, 4, 9, 1], w: [5, 4, 3, 1] },
  'deep for its few pixels': { x: [1, 256, 4, 4], w: [8, 256, 3, 3], padding: 1 },
};

const convolve = (
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: Convolution,
  [image, filter]: readonly Tensor[],
): Tensor => conv2d(image as Tensor, filter as Tensor, { stride, padding, dilation, groups });

/** What may follow: each takes the value so far and a tensor of its shape, of which it uses a part. */
const finishes: Readonly<Record<string, (y: Tensor, other: Tensor) => Tensor>> = {
  bias: (y, other) => y.add(other.narrow(0, 0, 1).narrow(2, 0, 1).narrow(3, 0, 1)),
  scale: (y, other) => y.mul(other.narrow(0, 0, 1).narrow(2, 0, 1).narrow(3, 0, 1)),
  'mask of pixels': (y, other) => y.mul(other.narrow(0, 0, 1).narrow(1, 0, 1)),
  'offset of columns': (y, other) => y.add(other.narrow(0, 0, 1).narrow(1, 0, 1).narrow(2, 0, 1)),
  residual: (y, other) => y.add(other),
  relu: (y) => y.relu(),
  gelu: (y) => y.gelu(),
  negated: (y) => y.neg(),
};

/** Realized operands of a case on a device, and one more of its result's shape. */
async function given(
  device: Device,
  shape: Convolution,
): Promise<{ readonly operands: readonly Tensor[]; readonly other: Tensor }> {
  const drawn = async (sizes: readonly number[], seed: number): Promise<Tensor> =>
    randn(sizes, { device, generator: new Generator(seed) }).realize();
  const operands = [await drawn(shape.x, 1), await drawn(shape.w, 2)];
  return { operands, other: await drawn(convolve(shape, operands).shape, 3) };
}

const applied = (names: readonly string[], y: Tensor, other: Tensor): Tensor =>
  names.reduce((value, name) => (finishes[name] as (typeof finishes)[string])(value, other), y);

/** States the laws for a device. */
export function convolutionEpilogueLaws(
  deviceOf: () => Device | Promise<Device>,
  { numRuns, kernels }: { readonly numRuns: number; readonly kernels: readonly string[] },
): void {
  const drawn = fc.array(fc.constantFrom(...Object.keys(finishes)), { minLength: 1, maxLength: 4 });

  test.each(Object.entries(shapes))('%s: with what follows is what each op gives by itself', async (_, shape) => {
    const { operands, other } = await given(await deviceOf(), shape);
    const alone = await convolve(shape, operands).realize();
    const property = fc.asyncProperty(drawn, fc.constantFrom('f32', 'f16'), async (names, dtype) => {
      const finish = async (y: Tensor): Promise<Float32Array> =>
        (await (await applied(names, y, other).cast(dtype).realize()).cast('f32').data()) as Float32Array;
      const [actual, expected] = [await finish(convolve(shape, operands)), await finish(alone)];
      const tolerance = dtype === 'f16' ? 2e-3 : 1e-5;
      const wrong = actual.findIndex((value, at) => {
        const meant = expected[at] as number;
        return !(Math.abs(value - meant) <= tolerance * (1 + Math.abs(meant)));
      });
      expect([wrong, actual[wrong]]).toEqual([-1, undefined]);
      expect(actual).toHaveLength(expected.length);
    });
    await fc.assert(property, { numRuns });
  });

  test.each(Object.entries(shapes))(
    '%s: scale, bias, residual and activation make one more kernel at most, none where the device takes them',
    async (_, shape) => {
      const device = await deviceOf();
      const { operands, other } = await given(device, shape);
      const finished = applied(['scale', 'bias', 'residual', 'relu'], convolve(shape, operands), other);
      const { specs, stop } = watchKernels(device);
      await finished.realize().finally(stop);
      expect(specs.map(({ kind }) => kind)).toEqual(kernels);
    },
  );
}

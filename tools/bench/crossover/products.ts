/** The products and convolutions that are timed, from arrays and dense. */
import {
  bitmask,
  blockSparse,
  codebook,
  conv2d,
  csr,
  encodeMatrix,
  fromTyped,
  int4,
  int8,
  intN,
  nOfM,
  type Device,
  type EncodedMatrix,
  type Tensor,
} from '@espalier/tensor';
import { convolveStored } from '../../../packages/nn/src/layers/convolve-stored.ts';
import type { EncodedLayout } from '../../../packages/tensor/src/kernel/spec.ts';
import type { ProductSizes } from '../../../packages/tensor/src/device/encoded-costs.ts';

/** A product to time. */
export interface TimedProduct {
  /** `dense`, or how the matrix is stored. */
  readonly layout: EncodedLayout | 'dense';
  readonly isConvolution: boolean;
  readonly shape: string;
  readonly sizes: ProductSizes;
  readonly matrix: EncodedMatrix | undefined;
  readonly run: () => Tensor;
}

type Draw = (rows: number, columns: number) => Float32Array<ArrayBuffer>;

/** Where everything is there, or single elements, or blocks of 16 × 16. */
const draws: Readonly<Record<'each' | 'block', (density: number) => Draw>> = {
  each: (density) => (rows, columns) =>
    Float32Array.from({ length: rows * columns }, () => (Math.random() < density ? Math.random() - 0.5 : 0)),
  block: (density) => (rows, columns) => {
    const across = Math.ceil(columns / 16);
    const there = Array.from({ length: Math.ceil(rows / 16) * across }, () => Math.random() < density);
    return Float32Array.from({ length: rows * columns }, (_, at) =>
      there[Math.floor(at / columns / 16) * across + Math.floor((at % columns) / 16)] ? Math.random() - 0.5 : 0,
    );
  },
};

/** The ways to store a matrix, with what is in it. */
const formats: readonly (readonly [EncodedLayout, Draw, (dense: Tensor) => Promise<EncodedMatrix>])[] = [
  ['csr', draws.each(0.1), async (dense) => encodeMatrix(dense, csr)],
  ['csr', draws.each(0.3), async (dense) => encodeMatrix(dense, csr)],
  ['bitmask', draws.each(0.1), async (dense) => encodeMatrix(dense, bitmask)],
  ['bitmask', draws.each(0.3), async (dense) => encodeMatrix(dense, bitmask)],
  ['bitmask', draws.each(1), async (dense) => encodeMatrix(dense, bitmask)],
  ['blocks', draws.block(0.1), async (dense) => encodeMatrix(dense, blockSparse, { height: 16, width: 16 })],
  ['blocks', draws.block(0.5), async (dense) => encodeMatrix(dense, blockSparse, { height: 16, width: 16 })],
  ['n-of-m', draws.each(0.5), async (dense) => encodeMatrix(dense, nOfM, { strict: false })],
  ['int8', draws.each(1), async (dense) => encodeMatrix(dense, int8)],
  ['int4', draws.each(1), async (dense) => encodeMatrix(dense, int4)],
  ['int-n', draws.each(1), async (dense) => encodeMatrix(dense, intN, { bits: 8, scales: 'f16' })],
  ['codebook', draws.each(1), async (dense) => encodeMatrix(dense, codebook)],
];

/** Rows of x, and [width, depth] of what they are multiplied with. */
const rowCounts = [1, 4, 16, 64];
const matrices = [[64, 64], [10, 1152], [128, 784], [256, 256], [512, 512], [1024, 1024], [2048, 2048]] as const; // prettier-ignore

/** Convolutions of one image: channels in and out, side of the kernel, side of the image. */
const images = [[1, 8, 5, 28], [8, 16, 3, 14], [32, 64, 3, 14], [64, 128, 3, 14], [128, 256, 3, 8]] as const; // prettier-ignore

const filled = (shape: readonly number[], device: Device): Tensor => {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.random() - 0.5);
  return fromTyped(values, shape, { device }).realizeSync();
};

/** A dense matrix, and the same shape in each format. */
async function inFormats(
  width: number,
  depth: number,
  device: Device,
): Promise<{ readonly dense: Tensor; readonly stored: readonly (readonly [EncodedLayout, EncodedMatrix])[] }> {
  const stored: [EncodedLayout, EncodedMatrix][] = [];
  for (const [layout, draw, encode] of formats)
    stored.push([layout, await encode(fromTyped(draw(width, depth), [width, depth], { device }))]);
  return { dense: filled([width, depth], device), stored };
}

/** Groups of which all take turns: a dense product first, then one from the arrays of each format. */
export async function* timedProducts(device: Device): AsyncGenerator<readonly TimedProduct[]> {
  for (const [width, depth] of matrices) {
    const { dense, stored } = await inFormats(width, depth, device);
    for (const rows of rowCounts) {
      const x = filled([rows, depth], device);
      const sizes = { rows, depth, width, density: 1 };
      const common = { isConvolution: false, shape: `[${rows}, ${depth}] · [${width}, ${depth}]ᵀ` };
      yield [
        { ...common, layout: 'dense', sizes, matrix: undefined, run: () => x.matmul(dense.t()) },
        ...stored.map(([layout, matrix]): TimedProduct => ({
          ...common,
          layout,
          sizes: { ...sizes, density: matrix.density },
          matrix,
          run: () => x.matmul(matrix.t()),
        })),
      ];
    }
  }
  for (const [inputs, width, kernel, side] of images) {
    const depth = inputs * kernel ** 2;
    const { dense, stored } = await inFormats(width, depth, device);
    const x = filled([1, inputs, side, side], device);
    const weight = dense.reshape([width, inputs, kernel, kernel]).realizeSync();
    const windows = { kernel, stride: 1, padding: 'same', dilation: 1 } as const;
    const sizes = { rows: side ** 2, depth, width, density: 1 };
    const common = { isConvolution: true, shape: `${inputs} → ${width}, ${kernel}², ${side}²` };
    yield [
      { ...common, layout: 'dense', sizes, matrix: undefined, run: () => conv2d(x, weight, { padding: 'same' }) },
      ...stored.map(([layout, matrix]): TimedProduct => ({
        ...common,
        layout,
        sizes: { ...sizes, density: matrix.density },
        matrix,
        run: () => convolveStored(x, matrix, windows),
      })),
    ];
  }
}

/**
 * What products with encoded matrices take beside dense ones, layers and single products, in microseconds of processor time,
 * and what the costs of the device choose: `npm run bench:crossover`.
 */
import {
  bitmask,
  chooseKernel,
  conv2d,
  csr,
  encodeMatrix,
  fromTyped,
  int8,
  type EncodedMatrix,
  type Tensor,
} from '@espalier/tensor';
import { convolveStored } from '../../packages/nn/src/layers/convolve-stored.ts';

const random = (size: number, density: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: size }, () => (Math.random() < density ? Math.random() - 0.5 : 0));

/** The ways to store a matrix that the costs are measured of, with the share of elements that are there. */
const formats: readonly (readonly [string, number, (dense: Tensor) => Promise<EncodedMatrix>])[] = [
  ['csr', 0.1, async (dense) => encodeMatrix(dense, csr)],
  ['bitmask', 0.3, async (dense) => encodeMatrix(dense, bitmask)],
  ['int8', 1, async (dense) => encodeMatrix(dense, int8)],
];

const processor = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** The least time of one run of each, in turns. */
function leastOf(runs: readonly (() => Tensor)[]): number[] {
  const repeat = (run: () => Tensor, count: number): number => {
    const start = processor();
    for (let turn = 0; turn < count; turn++) run().realizeSync().dispose();
    return (processor() - start) / count;
  };
  const counts = runs.map((run) => {
    repeat(run, 30);
    return Math.max(2, Math.min(400, Math.round(6000 / (repeat(run, 2) + 10))));
  });
  const least = runs.map(() => Infinity);
  for (let round = 0; round < 6; round++)
    for (const [at, run] of runs.entries()) least[at] = Math.min(least[at] ?? 0, repeat(run, counts[at] ?? 1));
  return least;
}

function print(
  shape: string,
  format: string,
  times: readonly number[],
  matrix: EncodedMatrix,
  rows: number,
  windows: boolean,
): void {
  const [own = 0, dense = 0] = times;
  const { kernel, reason } = chooseKernel(matrix, { rows, windows });
  console.log(
    `${shape.padEnd(28)} ${format.padEnd(8)} own ${own.toFixed(0).padStart(6)}  dense ${dense.toFixed(0).padStart(6)}  ratio ${(own / dense).toFixed(2)}  ${kernel}: ${reason}`,
  );
}

/** Products x [m, k] · W [n, k]ᵀ. */
const products = [[64, 64], [10, 1152], [256, 256], [512, 512]] as const; // prettier-ignore
for (const [n, k] of products)
  for (const m of [1, 64])
    for (const [name, density, encode] of formats) {
      const dense = fromTyped(random(n * k, density), [n, k]).realizeSync();
      const [matrix, x] = [await encode(dense), fromTyped(random(m * k, 1), [m, k]).realizeSync()];
      const times = leastOf([() => x.matmul(matrix.t()), () => x.matmul(dense.t())]);
      print(`[${m}, ${k}] · [${n}, ${k}]ᵀ`, name, times, matrix, m, false);
    }

/** Convolutions of one image: channels in and out, side of the kernel, side of the image. */
const images = [[1, 8, 5, 28], [8, 16, 3, 14], [32, 64, 3, 14], [64, 128, 3, 14], [128, 256, 3, 8]] as const; // prettier-ignore
for (const [inputs, out, kernel, side] of images)
  for (const [name, density, encode] of formats) {
    const depth = inputs * kernel ** 2;
    const dense = fromTyped(random(out * depth, density), [out, depth]).realizeSync();
    const matrix = await encode(dense);
    const x = fromTyped(random(inputs * side ** 2, 1), [1, inputs, side, side]).realizeSync();
    const windows = { kernel, stride: 1, padding: 'same', dilation: 1 } as const;
    const weight = dense.reshape([out, inputs, kernel, kernel]);
    const times = leastOf([() => convolveStored(x, matrix, windows), () => conv2d(x, weight, { padding: 'same' })]);
    print(`${inputs} → ${out}, ${kernel}², ${side}²`, name, times, matrix, side ** 2, true);
  }

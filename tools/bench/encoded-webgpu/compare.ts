/** Products with encoded matrices on WebGPU beside those with the dense one, in Node and in pages alike. */
import {
  bitmask,
  blockSparse,
  codebook,
  csr,
  encodeMatrix,
  fromTyped,
  int4,
  int8,
  nOfM,
  type Device,
  type EncodedMatrix,
  type Tensor,
} from '@espalier/tensor';

type Multiply = (x: Tensor) => Tensor;

/** What is compared: the side of the square matrix, and the rows of x of each table. */
export interface Comparison {
  readonly size: number;
  readonly rows: readonly number[];
}

const rounds = 6;

const keepOne = (share: number, length: number): ((index: number) => number) => {
  const below = share * 1000;
  return (index) => ((Math.imul(Math.floor(index / length), 2654435761) >>> 8) % 1000 < below ? 1 : 0);
};

async function products(device: Device, size: number): Promise<Map<string, Multiply>> {
  /** A matrix of which a share of the elements, in runs of a length, is not 0. */
  const matrix = (share: number, length = 1): Tensor => {
    const kept = keepOne(share, length);
    const values = Float32Array.from({ length: size * size }, (_, index) => Math.sin(index * 12.9898) * kept(index));
    return fromTyped(values, [size, size], { device });
  };
  const dense = matrix(1);
  const [tenth, half, runs] = [matrix(0.1), matrix(0.5), matrix(0.5, 16)];
  const after = (encoded: EncodedMatrix): Multiply => {
    const w = encoded.t();
    return (x) => w.after(x);
  };
  const [codes8, codes4] = [await encodeMatrix(dense, int8), await encodeMatrix(dense, int4)];
  return new Map<string, Multiply>([
    ['dense', (x) => x.matmul(dense.t())],
    ['int8', after(codes8)],
    ['int8, activations too', (x) => codes8.t().after(x, { activations: 'int8' })],
    ['int4', after(codes4)],
    ['int4, activations int8', (x) => codes4.t().after(x, { activations: 'int8' })],
    ['codebook of 16', after(await encodeMatrix(dense, codebook, { bits: 4 }))],
    ['csr, 90 % zeros', after(await encodeMatrix(tenth, csr))],
    ['bitmask, 90 % zeros', after(await encodeMatrix(tenth, bitmask))],
    ['2 of 4', after(await encodeMatrix(half, nOfM, { n: 2, m: 4, strict: false }))],
    ['blocks of 1 x 16, half', after(await encodeMatrix(runs, blockSparse, { height: 1, width: 16 }))],
  ]);
}

/** Tables as text: the best of some rounds that take turns, in milliseconds of a clock, and how many times faster that is than dense. */
export async function compareProducts(
  device: Device,
  { size, rows }: Comparison,
  clock: () => number = () => performance.now(),
): Promise<string> {
  const all = await products(device, size);
  const time = async (multiply: Multiply, x: Tensor): Promise<number> => {
    const repeats = Math.max(1, Math.round(4e7 / (size * size * (x.shape[0] ?? 1))));
    await device.synchronize();
    const start = clock();
    for (let repeat = 0; repeat < repeats; repeat++) multiply(x).realizeSync().dispose();
    await device.synchronize();
    return (clock() - start) / repeats;
  };
  const lines = [`${device.description}; [m, ${size}] × [${size}, ${size}] transposed, milliseconds a product`];
  for (const m of rows) {
    const values = Float32Array.from({ length: m * size }, (_, index) => Math.cos(index));
    const x = fromTyped(values, [m, size], { device });
    const best = new Map<string, number>();
    for (let round = 0; round <= rounds; round++)
      for (const [name, multiply] of all) {
        const milliseconds = await time(multiply, x);
        // The first round compiles.
        if (round > 0) best.set(name, Math.min(best.get(name) ?? Infinity, milliseconds));
      }
    lines.push('', `m = ${m}`);
    for (const [name, milliseconds] of best) {
      const ratio = (best.get('dense') ?? NaN) / milliseconds;
      lines.push(`  ${name.padEnd(26)} ${milliseconds.toFixed(3).padStart(9)} ${ratio.toFixed(2).padStart(7)} x`);
    }
  }
  return lines.join('\n');
}

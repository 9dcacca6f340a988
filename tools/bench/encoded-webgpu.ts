/**
 * Products with encoded matrices on WebGPU beside those with the dense one:
 * `node --conditions=@espalier/source --import tsx tools/bench/encoded-webgpu.ts [size] [rows of x …]`.
 *
 * Rounds take turns; a figure is the best of them, in processor time of the process where the adapter is emulated, else in
 * wall time. The second column is how many times faster than the dense product it is. Matrices of entries have a tenth of
 * theirs; those of N of M and of blocks a half.
 */
import {
  bitmask,
  blockSparse,
  codebook,
  csr,
  device as open,
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

const [size = 1024, ...counts] = process.argv.slice(2).map(Number);
const rounds = 6;
const device = await open('webgpu');
const onProcessor = /llvmpipe|swiftshader|software/i.test(device.description);

const keepOne = (share: number, length: number): ((index: number) => number) => {
  const below = share * 1000;
  return (index) => ((Math.imul(Math.floor(index / length), 2654435761) >>> 8) % 1000 < below ? 1 : 0);
};

/** A matrix of which a share of the elements, in runs of a length, is not 0. */
function matrix(share: number, length = 1): Tensor {
  const kept = keepOne(share, length);
  const values = Float32Array.from({ length: size * size }, (_, index) => Math.sin(index * 12.9898) * kept(index));
  return fromTyped(values, [size, size], { device });
}

async function products(): Promise<Map<string, Multiply>> {
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

/** Milliseconds of one product. */
async function time(on: Device, multiply: Multiply, x: Tensor): Promise<number> {
  const repeats = Math.max(1, Math.round(4e7 / (size * size * (x.shape[0] ?? 1))));
  await on.synchronize();
  const [wall, start] = [performance.now(), process.cpuUsage()];
  for (let repeat = 0; repeat < repeats; repeat++) multiply(x).realizeSync().dispose();
  await on.synchronize();
  const { user, system } = process.cpuUsage(start);
  return (onProcessor ? (user + system) / 1000 : performance.now() - wall) / repeats;
}

const all = await products();
console.log(`${device.description}; [m, ${size}] × [${size}, ${size}] transposed, milliseconds a product`);
for (const m of counts.length > 0 ? counts : [1, 64]) {
  const x = fromTyped(
    Float32Array.from({ length: m * size }, (_, index) => Math.cos(index)),
    [m, size],
    { device },
  );
  const best = new Map<string, number>();
  for (let round = 0; round <= rounds; round++)
    for (const [name, multiply] of all) {
      const milliseconds = await time(device, multiply, x);
      // The first round compiles.
      if (round > 0) best.set(name, Math.min(best.get(name) ?? Infinity, milliseconds));
    }
  console.log(`\nm = ${m}`);
  for (const [name, milliseconds] of best)
    console.log(
      `  ${name.padEnd(26)} ${milliseconds.toFixed(3).padStart(9)} ${((best.get('dense') ?? NaN) / milliseconds).toFixed(2).padStart(7)} x`,
    );
}
device.dispose();

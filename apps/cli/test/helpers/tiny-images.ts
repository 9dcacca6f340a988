import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const side = 12;

/** Numbers in [0, 1) that are the same on every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function idx(shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  for (const [axis, length] of shape.entries()) header.setUint32(4 + 4 * axis, length);
  return Buffer.concat([new Uint8Array(header.buffer), bytes]);
}

/** Writes images of ten kinds, or fewer, under MNIST's names: a bright bar whose place and direction are the class, and noise. */
export function writeTinyImages(folder: string, train = 600, test = 200, classes = 10): void {
  mkdirSync(folder, { recursive: true });
  const random = randomNumbers(1);
  for (const [name, count] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    const images = new Uint8Array(count * side * side);
    const labels = new Uint8Array(count);
    for (let image = 0; image < count; image += 1) {
      const label = image % classes;
      labels[image] = label;
      for (let pixel = 0; pixel < side * side; pixel += 1) {
        const [row, column] = [Math.floor(pixel / side), pixel % side];
        const along = label < 5 ? row : column;
        const lit = Math.floor(along / 2) === label % 5;
        images[image * side * side + pixel] = Math.floor((lit ? 155 : 0) + random() * 100);
      }
    }
    writeFileSync(join(folder, `${name}-images-idx3-ubyte`), idx([count, side, side], images));
    writeFileSync(join(folder, `${name}-labels-idx1-ubyte`), idx([count], labels));
  }
}

/** A recipe for those images that takes seconds. */
export const tinyRecipe = (data: string, output: string): string => `
name: tiny
seed: 3
device: cpu
output: ${JSON.stringify(output)}
data: { source: ${JSON.stringify(data)}, validation: 100 }
search:
  trials: 4
  population: 2
  images: 300
  epochs: 2
  space:
    architecture: { blocks: 1, channels: [8, 12], kernel: 3, hidden: [32, 64], activation: relu, batchNorm: [true, false] }
    training: { optimizer: { adam: { lr: [0.003, 0.01] } }, batch: [20, 30] }
train: { epochs: 6 }
prune: { epochs: 6, lr: 0.003 }
distill: { size: 0.3, epochs: 12, lr: 0.01 }
`;

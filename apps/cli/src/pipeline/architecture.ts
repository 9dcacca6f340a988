import type { ModuleConfig } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import type { Architecture, Candidate } from '../recipe/candidate.ts';

/** What a model takes in and how many classes it tells apart. */
export interface Task {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
}

/** What MNIST asks of a model, and near enough to what other data does. */
const digits: Task = { channels: 1, height: 28, width: 28, classes: 10 };

/** The side of an image after each block: a convolution without padding, then pooling by two; empty at the end if it does not fit. */
function sidesAfter(side: number, { blocks, kernel }: Architecture): readonly number[] {
  const sides: number[] = [];
  for (let block = 0; block < blocks; block += 1) {
    sides.push(Math.floor(((sides.at(-1) ?? side) - kernel + 1) / 2));
  }
  return sides;
}

/** Whether every block of an architecture has an image left to look at. */
export function fits(architecture: Architecture, { height, width }: Task): boolean {
  return sidesAfter(Math.min(height, width), architecture).every((side) => side >= 1);
}

/**
 * The model of an architecture, as the JSON that `build` reads.
 * @throws UsageError when an image is too small for its blocks.
 */
export function modelConfig(architecture: Architecture, initialiser: string, task: Task): ModuleConfig {
  const { blocks, channels, kernel, hidden, activation, batchNorm } = architecture;
  if (!fits(architecture, task)) {
    const image = `${task.height} × ${task.width}`;
    throw new UsageError(
      `architecture: ${blocks} blocks of kernel ${kernel} leave nothing of an image of ${image}: use fewer, or smaller ones`,
    );
  }
  const layers: ModuleConfig[] = [];
  let inputs = task.channels;
  for (let block = 0; block < blocks; block += 1) {
    const out = channels * 2 ** block;
    // Batch normalization subtracts the mean, and a bias with it.
    layers.push({ type: 'conv2d', in: inputs, out, kernel, init: initialiser, bias: !batchNorm });
    if (batchNorm) layers.push({ type: 'batch-norm', features: out });
    layers.push({ type: activation }, { type: 'max-pool2d', size: 2 });
    inputs = out;
  }
  const last = (side: number): number => sidesAfter(side, architecture).at(-1) ?? side;
  let features = inputs * last(task.height) * last(task.width);
  layers.push({ type: 'flatten' });
  if (hidden > 0) {
    layers.push({ type: 'linear', in: features, out: hidden, init: initialiser }, { type: activation });
    features = hidden;
  }
  layers.push({ type: 'linear', in: features, out: task.classes, init: initialiser });
  return { type: 'sequential', layers };
}

/** How many trained values the model of an architecture has. */
export function parametersOf(architecture: Architecture, task: Task): number {
  const { blocks, channels, kernel, hidden, batchNorm } = architecture;
  let [total, inputs] = [0, task.channels];
  for (let block = 0; block < blocks; block += 1) {
    const out = channels * 2 ** block;
    total += out * inputs * kernel ** 2 + (batchNorm ? 2 : 1) * out;
    inputs = out;
  }
  const last = (side: number): number => sidesAfter(side, architecture).at(-1) ?? side;
  const features = inputs * last(task.height) * last(task.width);
  const toClasses = hidden > 0 ? hidden : features;
  return total + (hidden > 0 ? (features + 1) * hidden : 0) + (toClasses + 1) * task.classes;
}

/**
 * About how many bytes a training writes: each value in single precision, in the model, in a checkpoint with what Adam
 * keeps of it, and in the next checkpoint before it takes the place of the last.
 */
export function trainingBytes({ architecture }: Pick<Candidate, 'architecture'>): number {
  return 65_536 + 4 * (1 + 2 * 3) * parametersOf(architecture, digits);
}

/** The fewest blocks of a student, images permitting: with more pooling, fewer weights lead to the classes. */
const studentBlocks = 2;

/**
 * The architecture of a student: its teacher's, without the hidden layer, where most weights sit, and with as many
 * channels as stay within a number of parameters.
 * @throws UsageError when not even one channel does.
 */
export function studentOf(teacher: Architecture, task: Task, parameters: number): Architecture {
  const slim = { ...teacher, hidden: 0, channels: 1 };
  const deeper = { ...slim, blocks: Math.max(teacher.blocks, studentBlocks) };
  const base = fits(deeper, task) ? deeper : slim;
  const least = parametersOf(base, task);
  if (least > parameters) {
    throw new UsageError(
      `distill: the smallest student has ${least} parameters, more than ${parameters}: raise the size`,
    );
  }
  let { channels } = base;
  while (parametersOf({ ...base, channels: channels + 1 }, task) <= parameters) channels += 1;
  return { ...base, channels };
}

/** Convolutional nets for pictures of any size: stages that halve the picture and double the channels, then the classes. */
import type { ModuleConfig } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import { numberWithin, oneOf, wholeNumber } from '../fields.ts';
import type { ArchitectureType, ModelShape } from './architecture-type.ts';
import { imageShape } from './architecture.ts';
import { activationSlot } from './dimensions.ts';

/** A net of convolutions. */
export interface ConvNet {
  /** How often the picture is halved. */
  readonly stages: number;
  /** Of the first stage; each further one has twice as many, up to eight times. */
  readonly channels: number;
  readonly activation: string;
  readonly batchNorm: boolean;
  /** The part of the features before the classes that is dropped in training. */
  readonly dropout: number;
}

/** A residual net: its stages have blocks with a way around them. */
export interface ResidualNet {
  /** Of blocks; all but the first halve the picture. */
  readonly stages: number;
  /** Blocks of a stage. */
  readonly blocks: number;
  /** Of the first stage; each further one has twice as many, up to eight times. */
  readonly channels: number;
  readonly activation: string;
  /** By how much the picture is halved before the first stage: 1 for pictures of tens of pixels, 2 or 4 for larger ones. */
  readonly stem: number;
}

/** The channels of a stage. */
const widthOf = (channels: number, stage: number): number => channels * 2 ** Math.min(3, stage);

/** @throws {UsageError} when stages leave nothing of a picture. */
function checkStages(shape: ModelShape, halvings: number): void {
  const { height, width } = imageShape(shape);
  if (Math.min(height, width) >= 2 ** halvings) return;
  throw new UsageError(
    `architecture: ${halvings} halvings leave nothing of a picture of ${height} × ${width}: use fewer stages`,
  );
}

interface Convolution {
  readonly from: number;
  readonly out: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly batchNorm?: boolean;
  readonly init: string;
}

/** A convolution that keeps the size but for its stride; batch normalization subtracts the mean, and a bias with it. */
function convolve({ from, out, kernel = 3, stride = 1, batchNorm = true, init }: Convolution): ModuleConfig[] {
  const padding = (kernel - 1) / 2;
  return [
    { type: 'conv2d', in: from, out, kernel, padding, stride, init, bias: !batchNorm },
    ...(batchNorm ? [{ type: 'batch-norm', features: out }] : []),
  ];
}

/** The mean of each channel, and a score of each class. */
function classes(features: number, outputs: number, init: string, dropout = 0): ModuleConfig[] {
  return [
    { type: 'global-avg-pool' },
    ...(dropout > 0 ? [{ type: 'dropout', p: dropout }] : []),
    { type: 'linear', in: features, out: outputs, init },
  ];
}

/** Two convolutions a stage, then pooling by two. */
export const convNet: ArchitectureType<ConvNet> = {
  name: 'conv-net',
  options: {
    stages: wholeNumber(1, 6),
    channels: wholeNumber(1, 256),
    activation: activationSlot,
    batchNorm: oneOf([true, false]),
    dropout: numberWithin(0, 0.9),
  },
  model: ({ stages, channels, activation, batchNorm, dropout }, init, shape) => {
    checkStages(shape, stages);
    const layers: ModuleConfig[] = [];
    let { channels: from } = imageShape(shape);
    for (let stage = 0; stage < stages; stage += 1) {
      const out = widthOf(channels, stage);
      for (const inputs of [from, out])
        layers.push(...convolve({ from: inputs, out, batchNorm, init }), { type: activation });
      layers.push({ type: 'max-pool2d', size: 2 });
      from = out;
    }
    layers.push(...classes(from, shape.outputs, init, dropout));
    return { type: 'sequential', layers };
  },
};

/** Two convolutions with a way around them. */
function block(from: number, out: number, stride: number, { activation }: ResidualNet, init: string): ModuleConfig[] {
  const isStraight = from === out && stride === 1;
  const body = [...convolve({ from, out, stride, init }), { type: activation }, ...convolve({ from: out, out, init })];
  const shortcut = { type: 'sequential', layers: convolve({ from, out, kernel: 1, stride, init }) };
  return [
    { type: 'residual', body: { type: 'sequential', layers: body }, ...(!isStraight && { shortcut }) },
    { type: activation },
  ];
}

/** A convolution, stages of residual blocks, the mean of each channel, the classes. */
export const residualNet: ArchitectureType<ResidualNet> = {
  name: 'residual-net',
  options: {
    stages: wholeNumber(1, 5),
    blocks: wholeNumber(1, 8),
    channels: wholeNumber(1, 256),
    activation: activationSlot,
    stem: oneOf([1, 2, 4]),
  },
  model: (options, init, shape) => {
    const { stages, blocks, channels, activation, stem } = options;
    checkStages(shape, stages - 1 + Math.log2(stem));
    const { channels: inputs } = imageShape(shape);
    const layers: ModuleConfig[] = [
      ...convolve({ from: inputs, out: channels, stride: stem > 1 ? 2 : 1, init }),
      { type: activation },
      ...(stem > 2 ? [{ type: 'max-pool2d', size: 2 }] : []),
    ];
    let from = channels;
    for (let stage = 0; stage < stages; stage += 1) {
      const out = widthOf(channels, stage);
      for (let number = 0; number < blocks; number += 1) {
        layers.push(...block(from, out, number === 0 && stage > 0 ? 2 : 1, options, init));
        from = out;
      }
    }
    layers.push(...classes(from, shape.outputs, init));
    return { type: 'sequential', layers };
  },
};

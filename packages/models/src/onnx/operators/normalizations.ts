/** Normalisations. */
import { wideFloat, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { elementTypes } from '../values/element-types.ts';
import { typeOfCode } from './functions.ts';

/** Over axes: without the mean, and divided by the standard deviation. */
function normal(x: Tensor, axes: number[], epsilon: number): { normal: Tensor; mean: Tensor; inverse: Tensor } {
  const wide = x.cast(wideFloat(x.dtype));
  const mean = wide.mean(axes, { keepDims: true });
  const centred = wide.sub(mean);
  const inverse = centred.square().mean(axes, { keepDims: true }).add(epsilon).rsqrt();
  return { normal: centred.mul(inverse), mean, inverse };
}

/** One number for each channel, beside the axes of an image. */
const perChannel = (values: Tensor, rank: number): Tensor =>
  values.reshape([-1, ...Array.from({ length: Math.max(0, rank - 2) }, () => 1)]);

const behindChannels = (x: Tensor): number[] => x.shape.slice(2).map((_, axis) => axis + 2);

const batchNormalization = operator('BatchNormalization', (call) => {
  const { type } = call.input(0);
  const x = call.tensor(0);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((index) => call.tensor(index)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const epsilon = call.real('epsilon', 1e-5);
  const channel = (values: Tensor): Tensor => perChannel(values, x.rank);
  if (call.version < 7 && !call.truth('is_test') && call.wants(1))
    call.refuse('trains, in the form of a version before 7');
  const isTraining = call.version >= 14 ? call.truth('training_mode') : call.wants(1);
  const wide = wideFloat(x.dtype);
  if (!isTraining) {
    const factor = scale.cast(wide).mul(variance.cast(wide).add(epsilon).rsqrt());
    const y = x
      .cast(wide)
      .sub(channel(mean.cast(wide)))
      .mul(channel(factor))
      .add(channel(shift.cast(wide)));
    return call.give(type, y);
  }
  const axes = [0, ...behindChannels(x)];
  const own = normal(x, axes, epsilon);
  const momentum = call.real('momentum', 0.9);
  const follow = (running: Tensor, batch: Tensor): Tensor =>
    running.mul(momentum).add(batch.reshape(running.shape).mul(1 - momentum));
  const spread = x.cast(wide).sub(own.mean).square().mean(axes, { keepDims: true });
  const moments = [
    call.give(call.input(3).type, follow(mean, own.mean)),
    call.give(call.input(4).type, follow(variance, spread)),
  ];
  return [call.give(type, own.normal.mul(channel(scale)).add(channel(shift))), ...moments];
});

const instanceNormalization = operator('InstanceNormalization', (call) => {
  const x = call.tensor(0);
  const y = normal(x, behindChannels(x), call.real('epsilon', 1e-5)).normal;
  return call.give(
    call.input(0).type,
    y.mul(perChannel(call.tensor(1), x.rank)).add(perChannel(call.tensor(2), x.rank)),
  );
});

/** Scale and shift are of groups up to version 20, and of channels from then on. */
const groupNormalization = operator('GroupNormalization', (call) => {
  const x = call.tensor(0);
  const groups = call.real('num_groups', 1);
  const [batch, channels, ...rest] = x.shape as [number, number, ...number[]];
  const apart = x.reshape([batch, groups, channels / groups, ...rest]);
  const y = normal(
    apart,
    apart.shape.slice(2).map((_, axis) => axis + 2),
    call.real('epsilon', 1e-5),
  ).normal;
  const [scale, shift] = [call.tensor(1), call.tensor(2)];
  if (call.version < 21) {
    const group = (values: Tensor): Tensor =>
      values.reshape([groups, ...Array.from({ length: apart.rank - 2 }, () => 1)]);
    return call.give(call.input(0).type, y.mul(group(scale)).add(group(shift)).reshape(x.shape));
  }
  return call.give(
    call.input(0).type,
    y.reshape(x.shape).mul(perChannel(scale, x.rank)).add(perChannel(shift, x.rank)),
  );
});

const layerNormalization = operator('LayerNormalization', (call) => {
  const { type } = call.input(0);
  const x = call.tensor(0);
  const axis = call.axis(call.real('axis', -1), x.rank);
  const axes = x.shape.flatMap((_, each) => (each >= axis ? [each] : []));
  const own = normal(x, axes, call.real('epsilon', 1e-5));
  const shift = call.optionalTensor(2);
  const scaled = own.normal.cast(x.dtype).mul(call.tensor(1));
  return [
    call.give(type, shift ? scaled.add(shift) : scaled),
    call.give('f32', own.mean),
    call.give('f32', own.inverse),
  ];
});

/** Divided by the root of the mean square of the axes from one on, in 32 bits unless another type is named. */
const rootMeanSquare = operator('RMSNormalization', (call) => {
  const { type } = call.input(0);
  const x = call.tensor(0);
  const axis = call.axis(call.real('axis', -1), x.rank);
  const axes = x.shape.flatMap((_, each) => (each >= axis ? [each] : []));
  const named = elementTypes[typeOfCode(call, call.real('stash_type', 1))].carrier ?? x.dtype;
  const wide = x.cast(x.dtype === 'f64' ? 'f64' : named);
  const inverse = wide.square().mean(axes, { keepDims: true }).add(call.real('epsilon', 1e-5)).rsqrt();
  return call.give(type, wide.mul(inverse).cast(x.dtype).mul(call.tensor(1)));
});

/** By the squares of neighbouring channels. */
const localResponse = operator('LRN', (call) => {
  const x = call.tensor(0);
  const size = call.real('size', 1);
  const [alpha, beta, bias] = [call.real('alpha', 1e-4), call.real('beta', 0.75), call.real('bias', 1)];
  const before = Math.floor((size - 1) / 2);
  const squares = x
    .square()
    .pad([[before, size - 1 - before], ...x.shape.slice(2).map((): [number, number] => [0, 0])]);
  const channels = x.shape[1] as number;
  let sum = squares.narrow(1, 0, channels);
  for (let shift = 1; shift < size; shift++) sum = sum.add(squares.narrow(1, shift, channels));
  return call.give(
    call.input(0).type,
    x.div(
      sum
        .mul(alpha / size)
        .add(bias)
        .pow(beta),
    ),
  );
});

const meanVariance = operator('MeanVarianceNormalization', (call) => {
  const x = call.tensor(0);
  const axes = call.list('axes', [0, 2, 3]).map((axis) => call.axis(axis, x.rank));
  const centred = x.sub(x.mean(axes, { keepDims: true }));
  return call.give(call.input(0).type, centred.div(centred.square().mean(axes, { keepDims: true }).sqrt().add(1e-9)));
});

const lpNormalization = operator('LpNormalization', (call) => {
  const x = call.tensor(0);
  const axis = call.axis(call.real('axis', -1), x.rank);
  const length =
    call.real('p', 2) === 1 ? x.abs().sum(axis, { keepDims: true }) : x.square().sum(axis, { keepDims: true }).sqrt();
  // What has no length stays 0.
  return call.give(call.input(0).type, x.div(length.where(length.ne(0), 1)));
});

/** In evaluation nothing is dropped; what would be drawn is refused. */
const dropout = operator('Dropout', (call: Call) => {
  const x = call.input(0);
  const isTraining = call.version < 7 ? call.version < 7 && !call.truth('is_test', true) : (call.number(2) ?? 0) !== 0;
  const ratio = call.version < 12 ? call.real('ratio', 0.5) : (call.number(1) ?? 0.5);
  if (isTraining && ratio !== 0)
    call.refuse('drops elements at random, as in training; export the model for inference');
  const mask = call.wants(1) ? call.give('bool', call.placed(x).filled(x.shape, 1)) : undefined;
  return [x, mask];
});

/** Normalisations. */
export const normalizationOperators: readonly Operator[] = [
  batchNormalization,
  instanceNormalization,
  groupNormalization,
  layerNormalization,
  rootMeanSquare,
  localResponse,
  meanVariance,
  lpNormalization,
  dropout,
];

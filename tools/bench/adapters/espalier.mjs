/** Espalier on one thread. */
import {
  blockSparse,
  compile,
  conv2d,
  cpu,
  crossEntropy,
  csr,
  encodeMatrix,
  fromTyped,
  gradients,
  int4,
  int8,
  maxPool2d,
  noGrad,
  nOfM,
} from '@espalier/tensor';
import { blockSize, groupSize } from '../encoded.mjs';

export const name = () => `espalier (${cpu().description})`;

/** Dense layers with rectifiers between them. */
function dense(layers) {
  const parameters = layers.map((layer) => ({
    weight: fromTyped(layer.weight, [layer.in, layer.out]).requiresGradients(),
    bias: fromTyped(layer.bias).requiresGradients(),
  }));
  const forward = (input) =>
    parameters.reduce((h, { weight, bias }, index) => {
      const sum = h.matmul(weight).add(bias);
      return index < parameters.length - 1 ? sum.relu() : sum;
    }, input);
  return { all: parameters.flatMap(({ weight, bias }) => [weight, bias]), forward };
}

/** Steps of plain SGD on one batch. */
function training({ labels, learningRate }, x, all, forward) {
  const y = fromTyped(labels);
  const step = compile((input, target) => {
    const loss = crossEntropy(forward(input), target);
    const found = gradients(loss, all);
    noGrad(() => all.forEach((parameter, index) => parameter.assign(parameter.sub(found[index].mul(learningRate)))));
    return loss;
  });
  let loss;
  return { step: () => (loss = step(x, y)), check: async () => loss.item() };
}

export function mlp(problem) {
  const { all, forward } = dense(problem.layers);
  return training(problem, fromTyped(problem.images, [problem.batch, 784]), all, forward);
}

export function cnn(problem) {
  const { batch, side, convolutions, images, layers } = problem;
  const { all, forward } = dense(layers);
  const kernels = convolutions.map((layer) => fromTyped(layer.weight, [layer.out, layer.in, 3, 3]).requiresGradients());
  const features = (input) =>
    maxPool2d(
      kernels.reduce((h, kernel) => conv2d(h, kernel).relu(), input),
      { kernel: 2 },
    ).reshape(batch, -1);
  const x = fromTyped(images, [batch, 1, side, side]);
  return training(problem, x, [...kernels, ...all], (input) => forward(features(input)));
}

/** Makes one tensor again and again. */
export function repeated(make, checked) {
  let made;
  return {
    step: () => {
      made?.dispose();
      made = make().realizeSync();
    },
    check: async () => (await made.data())[checked],
  };
}

export function matmul({ size, a, b }) {
  const [left, right] = [fromTyped(a, [size, size]), fromTyped(b, [size, size])];
  return repeated(() => left.matmul(right), size + 2);
}

const ops = { softmax: (x) => x.softmax(-1), transpose: (x) => x.t().add(1) };

export function oneOp({ op, rows, columns, values }) {
  const x = fromTyped(values, [rows, columns]);
  return repeated(() => ops[op](x), 2);
}

/** A tensor that has left JavaScript memory, from which it would be sent for each product. */
export function placed(tensor) {
  const copy = tensor.add(0).realizeSync();
  tensor.dispose();
  return copy;
}

const formats = {
  int8: [int8],
  int4: [int4, { group: groupSize }],
  csr: [csr],
  '2of4': [nOfM, { n: 2, m: 4 }],
  blocks: [blockSparse, { height: blockSize, width: blockSize }],
};

/** Uses one after the other of some, the first again after the last. */
export function inTurns(all) {
  let at = 0;
  return () => all[at++ % all.length];
}

export async function encoded({ format, activations, size, rows, weight, x, apart }) {
  const make = () => encodeMatrix(fromTyped(weight, [size, size]), ...formats[format]);
  const matrices = [await make()];
  while (matrices[0].bytes * matrices.length < apart) matrices.push(await make());
  const input = placed(fromTyped(x, [rows, size]));
  const products = matrices.map((matrix) => compile((factor) => matrix.t().after(factor, { activations })));
  const next = inTurns(products);
  return repeated(() => next()(input), 2);
}

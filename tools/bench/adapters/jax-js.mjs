/** jax-js on its WebAssembly backend, through jit. Arrays are consumed by what uses them; `ref` keeps one. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('../peers/package.json', import.meta.url));
const {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy: np,
  tree,
  valueAndGrad,
} = await import(pathToFileURL(require.resolve('@jax-js/jax').replace('.cjs', '.js')).href);
await init('wasm');
defaultDevice('wasm');

export const name = () => 'jax-js 0.1.25 (wasm)';

/** Dense layers with rectifiers between them. */
function dense(layers, input) {
  let h = input;
  for (const [index, { weight, bias }] of layers.entries()) {
    h = np.matmul(h, weight).add(bias);
    if (index < layers.length - 1) h = nn.relu(h);
  }
  return h;
}

const denseParameters = (layers) =>
  layers.map((layer) => ({
    weight: np.array(layer.weight).reshape([layer.in, layer.out]),
    bias: np.array(layer.bias),
  }));

/** Steps of plain SGD on one batch. `forward` takes the parameters, a tree, and the input. */
function training({ batch, labels, layers, learningRate }, x, initial, forward) {
  const classes = layers.at(-1).out;
  const oneHot = new Float32Array(batch * classes);
  labels.forEach((label, row) => (oneHot[row * classes + label] = 1));
  const y = np.array(oneHot).reshape([batch, classes]);
  const lossOf = (model, input, target) =>
    nn
      .logSoftmax(forward(model, input))
      .mul(target)
      .sum()
      .mul(-1 / batch);
  const update = jit((model, input, target) => {
    const kept = tree.map((parameter) => parameter.ref, model);
    const [loss, gradient] = valueAndGrad(lossOf)(model, input, target);
    return [loss, tree.map((parameter, slope) => parameter.sub(slope.mul(learningRate)), kept, gradient)];
  });
  let parameters = initial;
  let loss;
  const step = async () => {
    loss?.dispose();
    [loss, parameters] = update(parameters, x.ref, y.ref);
    await blockUntilReady(parameters);
  };
  return { step, check: async () => (await loss.ref.data())[0] };
}

export function mlp(problem) {
  const x = np.array(problem.images).reshape([problem.batch, 784]);
  return training(problem, x, denseParameters(problem.layers), dense);
}

export function cnn(problem) {
  const { batch, side, convolutions, images, layers } = problem;
  const kernels = convolutions.map((layer) => np.array(layer.weight).reshape([layer.out, layer.in, 3, 3]));
  const features = (weights, input) => {
    let h = input;
    for (const weight of weights) h = nn.relu(lax.conv(h, weight, [1, 1], 'VALID'));
    const [, channels, height, width] = h.shape;
    return np.max(h.reshape([batch, channels, height / 2, 2, width / 2, 2]), [3, 5]).reshape([batch, -1]);
  };
  const x = np.array(images).reshape([batch, 1, side, side]);
  return training(problem, x, { kernels, dense: denseParameters(layers) }, (model, input) =>
    dense(model.dense, features(model.kernels, input)),
  );
}

/** Makes one array again and again, through jit. */
function repeated(make, inputs, checked) {
  const compiled = jit(make);
  let made;
  const step = async () => {
    made?.dispose();
    made = compiled(...inputs.map((input) => input.ref));
    await blockUntilReady(made);
  };
  return { step, check: async () => (await made.ref.data())[checked] };
}

export function matmul({ size, a, b }) {
  const inputs = [a, b].map((values) => np.array(values).reshape([size, size]));
  return repeated((p, q) => np.matmul(p, q), inputs, size + 2);
}

const ops = { softmax: (x) => nn.softmax(x), transpose: (x) => np.transpose(x).add(1) };

export function oneOp({ op, rows, columns, values }) {
  return repeated(ops[op], [np.array(values).reshape([rows, columns])], 2);
}

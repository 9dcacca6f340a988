/** jax-js on its WebAssembly backend, through jit. Arrays are consumed by what uses them; `ref` keeps one. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('../peers/package.json', import.meta.url));
const {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  nn,
  numpy: np,
  valueAndGrad,
} = await import(pathToFileURL(require.resolve('@jax-js/jax').replace('.cjs', '.js')).href);
await init('wasm');
defaultDevice('wasm');

export const name = () => 'jax-js 0.1.25 (wasm)';

export function mlp({ batch, layers, images, labels, learningRate }) {
  const classes = layers.at(-1).out;
  const oneHot = new Float32Array(batch * classes);
  labels.forEach((label, row) => (oneHot[row * classes + label] = 1));
  let parameters = layers.map((layer) => ({
    weight: np.array(layer.weight).reshape([layer.in, layer.out]),
    bias: np.array(layer.bias),
  }));
  const x = np.array(images).reshape([batch, 784]);
  const y = np.array(oneHot).reshape([batch, classes]);
  const lossOf = (model, input, target) => {
    let h = input;
    for (const [index, { weight, bias }] of model.entries()) {
      h = np.matmul(h, weight).add(bias);
      if (index < model.length - 1) h = nn.relu(h);
    }
    return nn
      .logSoftmax(h)
      .mul(target)
      .sum()
      .mul(-1 / batch);
  };
  const update = jit((model, input, target) => {
    const kept = model.map(({ weight, bias }) => ({ weight: weight.ref, bias: bias.ref }));
    const [loss, gradient] = valueAndGrad(lossOf)(model, input, target);
    const next = kept.map(({ weight, bias }, index) => ({
      weight: weight.sub(gradient[index].weight.mul(learningRate)),
      bias: bias.sub(gradient[index].bias.mul(learningRate)),
    }));
    return [loss, next];
  });
  let loss;
  const step = async () => {
    loss?.dispose();
    [loss, parameters] = update(parameters, x.ref, y.ref);
    await blockUntilReady(parameters);
  };
  return { step, check: async () => (await loss.ref.data())[0] };
}

export function matmul({ size, a, b }) {
  const [left, right] = [np.array(a).reshape([size, size]), np.array(b).reshape([size, size])];
  const multiply = jit((p, q) => np.matmul(p, q));
  let product;
  const step = async () => {
    product?.dispose();
    product = multiply(left.ref, right.ref);
    await blockUntilReady(product);
  };
  return { step, check: async () => (await product.ref.data())[size + 2] };
}

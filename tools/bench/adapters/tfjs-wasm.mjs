/** TensorFlow.js on its WebAssembly backend (XNNPACK, SIMD, one thread). */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const require = createRequire(new URL('../peers/package.json', import.meta.url));
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
await tf.setBackend('wasm');
await tf.ready();

export const name = () => `tfjs ${tf.version.tfjs} (wasm)`;

export function mlp({ batch, layers, images, labels, learningRate }) {
  const parameters = layers.map((layer) => ({
    weight: tf.variable(tf.tensor2d(layer.weight, [layer.in, layer.out])),
    bias: tf.variable(tf.tensor1d(layer.bias)),
  }));
  const x = tf.tensor2d(images, [batch, 784]);
  const y = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), layers.at(-1).out), 'float32');
  const optimizer = tf.train.sgd(learningRate);
  const lossOf = () => {
    let h = x;
    for (const [index, { weight, bias }] of parameters.entries()) {
      h = tf.add(tf.matMul(h, weight), bias);
      if (index < parameters.length - 1) h = tf.relu(h);
    }
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(h), y), -1)));
  };
  let loss;
  const step = () => {
    loss?.dispose();
    loss = optimizer.minimize(lossOf, true);
  };
  return { step, check: async () => (await loss.data())[0] };
}

/** Makes one tensor again and again. */
function repeated(make, checked) {
  let made;
  return {
    step: () => {
      made?.dispose();
      made = tf.tidy(make);
    },
    check: async () => (await made.data())[checked],
  };
}

export function matmul({ size, a, b }) {
  const [left, right] = [tf.tensor2d(a, [size, size]), tf.tensor2d(b, [size, size])];
  return repeated(() => tf.matMul(left, right), size + 2);
}

const ops = { softmax: (x) => tf.softmax(x), transpose: (x) => tf.add(tf.transpose(x), 1) };

export function oneOp({ op, rows, columns, values }) {
  const x = tf.tensor2d(values, [rows, columns]);
  return repeated(() => ops[op](x), 2);
}

import { build, fit, SGD, Adam, accuracy, crossEntropy, f1, evaluate, summary, type FitEvent } from './src/index.ts';
import { mnist, saveModel, loadModel } from './src/node/index.ts';
import { memory } from '@espalier/tensor';
const kind = process.argv[2] ?? 'mlp';
let t = performance.now();
const { train, test } = await mnist();
console.log('load', (performance.now() - t).toFixed(0), 'ms', train.size, test.size);
const mlp = { type: 'sequential', layers: [{ type: 'flatten' }, { type: 'linear', in: 784, out: 300, init: 'kaiming-normal' }, { type: 'relu' }, { type: 'linear', in: 300, out: 100, init: 'kaiming-normal' }, { type: 'relu' }, { type: 'linear', in: 100, out: 10 }] };
const cnn = { type: 'sequential', layers: [{ type: 'conv2d', in: 1, out: 8, kernel: 5 }, { type: 'relu' }, { type: 'max-pool2d', size: 2 }, { type: 'conv2d', in: 8, out: 16, kernel: 5 }, { type: 'relu' }, { type: 'max-pool2d', size: 2 }, { type: 'flatten' }, { type: 'linear', in: 256, out: 10 }] };
const model = build(kind === 'mlp' ? mlp : cnn, { seed: 7 });
console.log(String(summary(model, [1, 28, 28])));
t = performance.now();
const result = await fit(model, train, { loss: crossEntropy, optimizer: process.argv[3] === 'sgd' ? new SGD({ lr: 0.1, momentum: 0.9 }) : new Adam(), epochs: 1, validate: test, metrics: { accuracy, f1: f1() }, seed: 7,
  onEvent: (e: FitEvent) => { if (e.type !== 'progress') console.log((performance.now() - t).toFixed(0), JSON.stringify(e), memory().bytes); } });
t = performance.now();
console.log(await evaluate(model, test, { accuracy }), (performance.now() - t).toFixed(0));
await saveModel('/tmp/nnx/model', model);
const back = await loadModel('/tmp/nnx/model');
console.log(await evaluate(back.module, test, { accuracy }));

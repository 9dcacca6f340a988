// Models of PyTorch in all files that it writes: the logits are PyTorch's.
import { build, type Module, type ModuleConfig } from '@espalier/nn';
import { fromTyped, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { bytesOf, importModel, importOnnx, openTensors, stateDictModel } from '../../src/index.ts';
import { golden, goldenJson } from '../helpers/golden.ts';

interface Answer {
  readonly shape: readonly number[];
  readonly input: string;
  readonly logits: string;
}

const answers = goldenJson('torch-models.json') as Readonly<Record<string, Answer>>;
const floatsOf = (base64: string): Float32Array<ArrayBuffer> =>
  new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

/** How far the logits of a model are from PyTorch's. */
function apart(name: string, module: Module): number {
  const { shape, input, logits } = answers[name] as Answer;
  const theirs: Tensor = fromTyped(floatsOf(logits), [2, 10]);
  return module
    .call(fromTyped(floatsOf(input), shape))
    .sub(theirs)
    .abs()
    .max()
    .itemSync();
}

async function ofState(file: string, description: ModuleConfig, names?: 'order'): Promise<Module> {
  const source = await openTensors(bytesOf(golden(`torch-models/${file}`), file));
  return (await stateDictModel(source, description, names === undefined ? {} : { names })).module;
}

const cnn: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 3, out: 8, kernel: 3, padding: 1, bias: false },
    { type: 'batch-norm', features: 8 },
    { type: 'relu' },
    { type: 'max-pool2d', size: 2 },
    { type: 'conv2d', in: 8, out: 12, kernel: 3, padding: 1 },
    { type: 'batch-norm', features: 12 },
    { type: 'silu' },
    { type: 'global-avg-pool' },
    { type: 'flatten' },
    { type: 'linear', in: 12, out: 16 },
    { type: 'batch-norm', features: 16 },
    { type: 'relu' },
    { type: 'dropout', p: 0.2 },
    { type: 'linear', in: 16, out: 10 },
  ],
};

describe('a ResNet', () => {
  test.each<[string, string, Omit<ModuleConfig, 'type'>]>([
    ['resnet', 'resnet.pth', { stem: 'small' }],
    ['resnet', 'resnet-legacy.pth', { stem: 'small', blocks: [1, 1, 1, 1] }],
    ['resnet', 'resnet.safetensors', { stem: 'small', channels: 3, classes: 10 }],
    ['resnet-pictures', 'resnet-pictures.safetensors', {}],
    ['resnet-bottleneck', 'resnet-bottleneck.safetensors', { stem: 'small' }],
  ])('%s: a state dict in %s', async (name, file, options) => {
    expect(apart(name, await ofState(file, { type: 'resnet', ...options }))).toBeLessThan(1e-5);
  });

  test.each(['resnet-17.onnx', 'resnet-now.onnx'])('a graph in %s', async (file) => {
    expect(apart('resnet', await importOnnx(bytesOf(golden(`torch-models/${file}`), file)))).toBeLessThan(1e-5);
  });
});

describe('a CNN with norms', () => {
  test.each(['cnn.pth', 'cnn-legacy.pth', 'cnn.safetensors'])('a state dict in %s', async (file) => {
    expect(apart('cnn', await ofState(file, cnn))).toBeLessThan(1e-5);
  });

  test('a module that was saved whole', async () => {
    const { module, by } = await importModel(
      await openTensors(bytesOf(golden('torch-models/cnn-whole.pth'), 'cnn-whole.pth')),
    );
    expect(by).toBe('module');
    expect(apart('cnn', module)).toBeLessThan(1e-5);
  });

  test.each(['cnn-17.onnx', 'cnn-now.onnx'])('a graph in %s', async (file) => {
    expect(apart('cnn', await importOnnx(bytesOf(golden(`torch-models/${file}`), file)))).toBeLessThan(1e-5);
  });

  test('with other weights it gives something else', () => {
    expect(apart('cnn', build(cnn, { seed: 1 }).eval())).toBeGreaterThan(0.1);
  });
});

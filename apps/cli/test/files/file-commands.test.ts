// Commands that take the model in a file as their argument, with data and without.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  exportOnnx,
  importOnnx,
  npz,
  openTensors,
  stateDictModel,
  writtenTensor,
  type OnnxModule,
  type PyTorchSource,
} from '@espalier/models';
import { fileBytes, openTensorFile, writeFileBy } from '@espalier/models/node';
import { build, type ModuleConfig } from '@espalier/nn';
import { openDevice } from '@espalier/pipeline';
import { Generator, randn, zeros, type Tensor } from '@espalier/tensor';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { refused, run, runBuilt } from '../helpers/commands.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');
const torch = fileURLToPath(new URL('../../../../packages/models/test/golden/torch-models/', import.meta.url));

const layers: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 1, out: 8, kernel: 3, padding: 1 },
    { type: 'batch-norm', features: 8 },
    { type: 'relu' },
    { type: 'global-avg-pool' },
    { type: 'flatten' },
    { type: 'linear', in: 8, out: 4 },
  ],
};
let x: Tensor;

beforeAll(async () => {
  await openDevice('cpu');
  x = randn([60, 1, 6, 6], { generator: new Generator(1) }).realizeSync();
  const model = build(layers, { seed: 1 }).eval();
  const y = model.call(x).argmax(1).cast('i32').realizeSync();
  await writeFileBy(at('model.onnx'), (sink) => exportOnnx(model, sink, { input: [1, 6, 6] }));
  await writeFileBy(at('data.npz'), async (sink) =>
    npz.write?.(
      sink,
      new Map([
        ['x', writtenTensor(x)],
        ['y', writtenTensor(y)],
      ]),
      {},
    ),
  );
});

async function open(name: string): Promise<OnnxModule> {
  const source = await fileBytes(at(name));
  return importOnnx(source).finally(() => source.close());
}

describe('by its weights alone', () => {
  test('a state dict loses half of its channels, and is a state dict again', async () => {
    writeFileSync(at('resnet.json'), JSON.stringify({ type: 'resnet', stem: 'small' }));
    const said = ['--model', at('resnet.json'), '--input', '3,12,12'];
    await run('prune', `${torch}resnet.pth`, ...said, '--structured', '--sparsity', '0.5', '-o', at('half.pth'));
    const source = await openTensorFile(at('half.pth'));
    const before = await openTensors(await fileBytes(`${torch}resnet.pth`));
    expect([...source.tensors.keys()]).toEqual([...before.tensors.keys()]);
    expect(source.tensors.get('layer1.0.conv1.weight')?.shape).toEqual([2, 2, 3, 3]);
    expect(source.tensors.get('layer4.0.downsample.0.weight')?.shape).toEqual([4, 3, 1, 1]);
    expect(source.tensors.get('fc.weight')?.shape).toEqual([10, 4]);
    const { module } = await stateDictModel(source, { type: 'resnet', stem: 'small' });
    expect(module.call(zeros([2, 3, 12, 12])).shape).toEqual([2, 10]);
    for (const each of [source, before]) await each.close();
    await run('prune', `${torch}resnet.pth`, ...said, '--structured', '--sparsity', '0.5', '-o', at('half.onnx'));
    const picture = randn([2, 3, 12, 12], { generator: new Generator(2) });
    expect((await open('half.onnx')).call(picture).sub(module.call(picture)).abs().max().itemSync()).toBeLessThan(1e-5);
    await refused('give its shape, as --input', 'prune', `${torch}cnn-whole.pth`, '--structured', '-o', at('x.pth'));
    await refused('give the shape of one example', 'quantize', `${torch}cnn-whole.pth`, '-o', at('x.onnx'));
  });

  test('an ONNX model loses half of its channels', async () => {
    await run('prune', at('model.onnx'), '--structured', '--sparsity', '0.5', '-o', at('thin.onnx'));
    const { tensors } = (await run('inspect', at('thin.onnx'))) as { readonly tensors: readonly { shape: number[] }[] };
    expect(tensors.map(({ shape }) => shape)).toContainEqual([4, 1, 3, 3]);
    expect((await open('thin.onnx')).call(x).shape).toEqual([60, 4]);
  });

  test('weights are rounded in groups, and what they meet by row', async () => {
    await run('quantize', at('model.onnx'), '--weights', 'int4', '--group', '16', '-o', at('four.onnx'));
    const [first] = (await open('four.onnx')).parameters();
    expect(first?.stored?.matrix.format.name).toBe('int4');
    const { notes } = await run('quantize', at('model.onnx'), '--activations', 'dynamic', '-o', at('rows.onnx'));
    expect(notes).toEqual([
      'inputs of 2 weights have a scale for the batch, and not one for each row: ONNX has no other',
    ]);
    await refused('this needs data for calibration', 'quantize', at('model.onnx'), '--activations', 'static', '-o', at('x.onnx')); // prettier-ignore
  });
});

describe('by data', () => {
  test('a module of PyTorch stays one, and codes are said to be numbers in it', async () => {
    const pixels = randn([40, 3, 12, 12], { generator: new Generator(2) }).realizeSync();
    const labels = pixels.mean([1, 2, 3]).gt(0).cast('i32').realizeSync();
    const arrays = new Map([
      ['x', writtenTensor(pixels)],
      ['y', writtenTensor(labels)],
    ]);
    await writeFileBy(at('pixels.npz'), async (sink) => npz.write?.(sink, arrays, {}));
    const how = ['--data', at('pixels.npz'), '--input', '3,12,12'];
    await runBuilt(
      'prune',
      `${torch}cnn-whole.pth`,
      ...how,
      '--epochs',
      '1',
      '--sparsity',
      '0.5',
      '-o',
      at('whole.pth'),
    );
    const source = (await openTensorFile(at('whole.pth'))) as PyTorchSource;
    expect(source.state.module).toBeDefined();
    await source.close();
    const { notes } = await runBuilt('quantize', `${torch}cnn-whole.pth`, ...how, '-o', at('rounded.pth'));
    expect(notes).toEqual([expect.stringContaining('weights as numbers')]);
  });

  test('the smallest model is written as a file, where a file is named', async () => {
    const search = ['--goal', 'accuracy>=base-60pp', '--trials', '1', '--epochs', '1', '-o', at('smallest.onnx')];
    const made = await runBuilt('optimize', at('model.onnx'), '--data', at('data.npz'), ...search);
    expect(made).toMatchObject({ folder: at('smallest.onnx') });
    expect((await open('smallest.onnx')).call(x).shape).toEqual([60, 4]);
    await refused('a search goes on in a folder', 'optimize', at('model.onnx'), '--data', at('data.npz'), ...search, '--resume'); // prettier-ignore
  });

  test('a graph loses half of its channels, and is trained on', async () => {
    const half = ['--structured', '--sparsity', '0.5', '--data', at('data.npz'), '--epochs', '1'];
    const made = await runBuilt('prune', at('model.onnx'), ...half, '-o', at('half-trained.onnx'));
    expect(made).toMatchObject({ after: { parameters: expect.any(Number) } });
    await refused('this belongs to what is read from', 'prune', at('model.onnx'), ...half, '-o', at('data.npz'), '--overwrite'); // prettier-ignore
    const [before, after] = [await open('model.onnx'), await open('half-trained.onnx')];
    expect(after.parameters()[0]?.value.shape).toEqual([4, 1, 3, 3]);
    expect(before.parameters()[0]?.value.shape).toEqual([8, 1, 3, 3]);
  });

  test('a file is evaluated', async () => {
    expect(await runBuilt('eval', at('model.onnx'), '--data', at('data.npz'))).toMatchObject({
      images: 12,
      accuracy: 1,
    });
    await refused('say what they are by --model', 'eval', `${torch}resnet.pth`, '--data', at('data.npz'));
    const { stderr } = await espalier([
      'eval',
      at('model.onnx'),
      '--data',
      `${torch}../numpy/stored.npz`,
      '--device',
      'cpu',
    ]);
    expect(stderr).toContain("there is no array 'x' in it");
  });

  test('a file is quantized with scales of its inputs, and pruned while it is trained', async () => {
    const made = await runBuilt('quantize', at('model.onnx'), '--activations', 'static', '--data', at('data.npz'), '-o', at('static.onnx')); // prettier-ignore
    expect(made).toMatchObject({ folder: at('static.onnx'), after: { images: 12, bytes: readFileSync(at('static.onnx')).length } }); // prettier-ignore
    const { operators } = await run('inspect', at('static.onnx'));
    expect(operators).toContainEqual({ name: 'QuantizeLinear', count: 2, isKnown: true });
    await runBuilt('prune', at('model.onnx'), '--data', at('data.npz'), '--epochs', '1', '--sparsity', '0.5', '-o', at('pruned.onnx')); // prettier-ignore
    const pruned = await open('pruned.onnx');
    expect(pruned.parameters().flatMap(({ value }) => [...value.dataSync()]).filter((value) => value === 0).length).toBeGreaterThan(45); // prettier-ignore
  });

  test('goals are looked for of a file', async () => {
    const goal = ['--goal', 'accuracy>=50%', '--trials', '1', '--epochs', '1', '--data', at('data.npz')];
    const { code } = await espalier(['optimize', at('model.onnx'), ...goal, '--device', 'cpu', '-o', at('small')]);
    expect([0, 3]).toContain(code);
    expect(await run('inspect', at('small'))).toHaveProperty('layers');
  });
});

test('inputs of a graph that are fixed are said on the command line', async () => {
  await refused("the model has no such input: it has 'input'", 'import', at('model.onnx'), '--fixed', 'length=3', '-o', at('f')); // prettier-ignore
  await refused('give numbers, such as', 'import', at('model.onnx'), '--fixed', 'input=a', '-o', at('f'));
  await refused('only ONNX models have inputs to fix', 'import', `${torch}cnn.pth`, '--fixed', 'a=1', '-o', at('f'));
});

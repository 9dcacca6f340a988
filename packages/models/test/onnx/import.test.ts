/** Models that go out as ONNX and come back in: the same layers, names and numbers. */
import { build, cloneModel, type Module, type ModuleConfig } from '@espalier/nn';
import { bytesOf } from '@espalier/nn/format';
import { ArgumentError, grad, Generator, randn, tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { decodeBytes } from '../../src/onnx/protobuf/decode.ts';
import { encodeMessage } from '../../src/onnx/protobuf/encode.ts';
import { modelProto, type GraphProto, type NodeProto } from '../../src/onnx/protobuf/messages.ts';
import { memorySink } from '../../src/bytes/byte-sink.ts';
import {
  exportOnnx,
  importOnnx,
  OnnxError,
  openOnnx,
  OnnxTensor,
  registerOnnx,
  type OnnxModule,
} from '../../src/index.ts';

const generator = new Generator(5);
const drawn = (...shape: number[]): Tensor => randn(shape, { generator }).realizeSync();

async function written(model: Module, input: readonly number[]): Promise<Uint8Array> {
  const sink = memorySink();
  await exportOnnx(model, sink, { input });
  return sink.bytes();
}

const back = async (model: Module, input: readonly number[]): Promise<OnnxModule> =>
  importOnnx(bytesOf(await written(model, input)));

const apart = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().itemSync();

/** Statistics as of a training, so that norms do something. */
function seasoned(model: Module): Module {
  for (const buffer of model.namedBuffers().values())
    buffer.assign(
      drawn(...buffer.shape)
        .square()
        .add(0.5),
    );
  return model;
}

const picture: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 2, out: 4, kernel: [3, 2], stride: [2, 1], padding: 'same' },
    { type: 'batch-norm', features: 4 },
    { type: 'silu' },
    {
      type: 'residual',
      body: {
        type: 'sequential',
        layers: [{ type: 'conv2d', in: 4, out: 4, kernel: 3, padding: 1, groups: 2 }, { type: 'mish' }],
      },
    },
    {
      type: 'pad2d',
      padding: [
        [1, 0],
        [0, 2],
      ],
      mode: 'reflect',
    },
    { type: 'max-pool2d', size: 2, stride: 1, ceilMode: true },
    { type: 'avg-pool2d', size: 2, padding: 1, countPadding: true },
    { type: 'dropout', p: 0.5 },
    { type: 'flatten' },
    { type: 'linear', in: 48, out: 5 },
    { type: 'gelu' },
    { type: 'linear', in: 5, out: 3, bias: false },
  ],
};

describe('a picture network', () => {
  test('computes the same, by layers of the same names', async () => {
    const model = seasoned(build(picture, { seed: 1 }));
    const imported = await back(model, [2, 8, 6]);
    const x = drawn(3, 2, 8, 6);
    expect(apart(imported.call(x), model.call(x))).toBeLessThan(1e-5);
    const names = [...model.namedParameters().keys()];
    expect([...imported.namedParameters().keys()]).toEqual(names);
    expect(imported.children().get('3.body.0')?.type).toBe('conv2d');
  });

  test('is described by JSON, without the file', async () => {
    const imported = await back(seasoned(build(picture, { seed: 2 })), [2, 8, 6]);
    registerOnnx();
    const again = build(JSON.parse(JSON.stringify(imported.config())) as ModuleConfig);
    again.load(imported.state());
    const x = drawn(2, 2, 8, 6);
    expect(apart(again.call(x), imported.call(x))).toBe(0);
    const copy = await cloneModel(imported);
    expect(apart(copy.call(x), imported.call(x))).toBe(0);
  });

  test('goes out again as it came in', async () => {
    const imported = await back(seasoned(build(picture, { seed: 3 })), [2, 8, 6]);
    const sink = memorySink();
    await exportOnnx(imported, sink);
    const again = await importOnnx(bytesOf(sink.bytes()));
    const x = drawn(2, 2, 8, 6);
    expect(apart(again.call(x), imported.call(x))).toBe(0);
    expect([...again.namedParameters().keys()]).toEqual([...imported.namedParameters().keys()]);
  });

  test('has gradients for all of its parameters', async () => {
    const model = seasoned(build(picture, { seed: 4 }));
    const imported = await back(model, [2, 8, 6]);
    const x = drawn(2, 2, 8, 6);
    const gradientsOf = (of: Module): Tensor[] => {
      of.call(x).square().sum().backward();
      return of.parameters().map(({ tensor: leaf }) => leaf.grad as Tensor);
    };
    const [theirs, ours] = [gradientsOf(imported), gradientsOf(model)];
    for (const [index, gradient] of ours.entries()) expect(apart(theirs[index] as Tensor, gradient)).toBeLessThan(1e-3);
    expect(grad((value: Tensor) => imported.call(value).sum())(x).shape).toEqual(x.shape);
  });
});

test('rows, positions and indices', async () => {
  const cases: readonly (readonly [ModuleConfig, readonly number[]])[] = [
    [
      {
        type: 'sequential',
        layers: [{ type: 'linear', in: 4, out: 6 }, { type: 'layer-norm', shape: 6 }, { type: 'softmax' }],
      },
      [4],
    ],
    [
      {
        type: 'sequential',
        layers: [
          { type: 'linear', in: 4, out: 6 },
          { type: 'gelu', approximate: 'tanh' },
          { type: 'linear', in: 6, out: 2 },
        ],
      },
      [5, 4],
    ],
    [
      {
        type: 'sequential',
        layers: [
          'relu',
          'leaky-relu',
          'elu',
          'selu',
          'softplus',
          'tanh',
          'sigmoid',
          'hard-sigmoid',
          'hard-swish',
          'log-softmax',
        ].map((type) => ({ type })),
      },
      [7],
    ],
  ];
  for (const [config, input] of cases) {
    const model = build(config, { seed: 1 });
    const x = drawn(3, ...input);
    expect(apart((await back(model, input)).call(x), model.call(x))).toBeLessThan(1e-5);
  }
  const embedding = build({ type: 'embedding', count: 9, size: 3 }, { seed: 1 });
  const sink = memorySink();
  await exportOnnx(embedding, sink, { input: [4], elements: 'i64' });
  const ids = tensor([[0, 3, 8, 2]], { dtype: 'i32' });
  expect(apart((await importOnnx(bytesOf(sink.bytes()))).call(ids), embedding.call(ids))).toBe(0);
});

describe('what cannot be', () => {
  const linear = build({ type: 'linear', in: 2, out: 2 }, { seed: 1 });

  test('is said before anything is written', async () => {
    const sink = memorySink();
    await expect(exportOnnx(linear, sink)).rejects.toThrow(/input is missing/);
    const attention = build({ type: 'self-attention', width: 4, heads: 2 }, { seed: 1 });
    await expect(exportOnnx(attention, sink, { input: [3, 4] })).rejects.toThrow(
      /self-attention, which is not written as ONNX/,
    );
    expect(sink.bytes()).toHaveLength(0);
  });

  test('is said by the names of inputs and outputs', async () => {
    const bytes = await written(linear, [2]);
    const model = await openOnnx(bytesOf(bytes, 'linear.onnx'));
    expect(model.inputs).toEqual([{ name: 'input', type: 'f32', shape: ['batch', 2] }]);
    expect(() => model.run({ other: OnnxTensor.numbers('f32', [1, 2], [1, 2]) })).toThrow(/has no input 'other'/);
    expect(() => model.run({})).toThrow(OnnxError);
    await expect(importOnnx(bytesOf(bytes), { output: 'else' })).rejects.toThrow(ArgumentError);
    expect(() => model.run({ input: OnnxTensor.numbers('f32', [1, 2, 3], [1, 3]) })).toThrow(/Gemm 'Gemm'|Gemm '/);
  });

  test('is said by the node whose operator there is not', async () => {
    const bytes = await written(build({ type: 'relu' }), [2]);
    const model = decodeBytes(bytes, modelProto, 'a');
    const [node, ...rest] = model.graph?.node ?? [];
    const graph = { ...(model.graph as GraphProto), node: [{ ...(node as NodeProto), opType: 'Rolu' }, ...rest] };
    const odd = encodeMessage({ ...model, graph }, modelProto);
    await expect(openOnnx(bytesOf(odd, 'odd.onnx'))).rejects.toThrow(
      /odd\.onnx: has operators that there are not here: Rolu/,
    );
  });
});

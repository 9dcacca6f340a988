/** Graphs that are made by hand: what importing does with sizes of a batch, graphs within, functions, and what is refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatError } from '@espalier/nn';
import { bytesOf } from '@espalier/nn/format';
import { Generator, randn, tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, onTestFinished, test } from 'vitest';
import { memorySink } from '../../src/bytes/byte-sink.ts';
import { exportOnnx, importOnnx, openOnnx, OnnxTensor } from '../../src/index.ts';
import { filesOfModel } from '../../src/node/index.ts';
import type { WrittenGraph, WrittenNode } from '../../src/onnx/export/graph-writer.ts';
import { writeModel } from '../../src/onnx/export/write-model.ts';
import { decodeBytes } from '../../src/onnx/protobuf/decode.ts';
import { encodeMessage } from '../../src/onnx/protobuf/encode.ts';
import { modelProto, type ModelProto, type TensorProto } from '../../src/onnx/protobuf/messages.ts';
import type { Attribute } from '../../src/onnx/run/graph.ts';

const generator = new Generator(9);
const drawn = (...shape: number[]): Tensor => randn(shape, { generator }).realizeSync();
const apart = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().itemSync();

function node(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Record<string, Attribute> = {},
): WrittenNode {
  return {
    type,
    domain: '',
    name: `${type} of ${outputs[0] ?? ''}`,
    inputs,
    outputs,
    attributes: new Map(Object.entries(attributes)),
  };
}

async function written(graph: Partial<WrittenGraph> & Pick<WrittenGraph, 'nodes' | 'inputs'>): Promise<Uint8Array> {
  const sink = memorySink();
  await writeModel(sink, {
    name: 'made',
    outputs: [{ name: 'y', type: 'f32' }],
    constants: new Map(),
    versions: new Map([['', 17]]),
    ...graph,
  });
  return sink.bytes();
}

const weights = (name: string, ...shape: number[]): [string, OnnxTensor] => [
  name,
  OnnxTensor.of('f32', drawn(...shape)),
];

describe('a batch of one size', () => {
  const input = { name: 'x', type: 'f32', shape: [1, 2, 3] } as const;

  test('becomes any where only a Reshape names it', async () => {
    const model = await written({
      inputs: [input],
      constants: new Map([weights('w', 6, 4), ['shape', OnnxTensor.numbers('i64', [1, 6])]]),
      nodes: [node('Reshape', ['x', 'shape'], ['flat']), node('MatMul', ['flat', 'w'], ['y'])],
    });
    const module = await importOnnx(bytesOf(model));
    const x = drawn(5, 2, 3);
    const y = module.call(x);
    expect(y.shape).toEqual([5, 4]);
    expect(apart(y.narrow(0, 3, 1), module.call(x.narrow(0, 3, 1)))).toBeLessThan(1e-6);
  });

  test('stays where examples would be mixed up', async () => {
    const model = await written({
      inputs: [input],
      // The sum over the batch is one for all.
      constants: new Map([['shape', OnnxTensor.numbers('i64', [1, 6])]]),
      nodes: [
        node('ReduceMean', ['x'], ['mean'], { axes: [0], keepdims: 1 }),
        node('Sub', ['x', 'mean'], ['centred']),
        node('Reshape', ['centred', 'shape'], ['y']),
      ],
    });
    const module = await importOnnx(bytesOf(model));
    expect(() => module.call(drawn(2, 2, 3))).toThrow(/Reshape 'Reshape of y': makes \[2, 2, 3\] into \[1, 6\]/);
  });
});

test('weights of graphs within are parameters, and come out in the file again', async () => {
  const branch = (name: string): Attribute => ({
    name,
    inputs: [],
    outputs: [{ name: `${name}.y` }],
    constants: new Map([weights(`${name}.w`, 10, 10)]),
    nodes: [
      {
        ...node('Mul', ['x', `${name}.w`], [`${name}.y`]),
        operator: { type: 'Mul', run: (call) => call.refuse('is only written') },
        label: 'Mul',
        version: 17,
      },
    ],
  });
  const model = await written({
    inputs: [{ name: 'x', type: 'f32', shape: [10, 10] }],
    constants: new Map([['one', OnnxTensor.numbers('i64', [1], [])]]),
    nodes: [
      node('Size', ['x'], ['size']),
      node('Greater', ['size', 'one'], ['large']),
      node('If', ['large'], ['y'], { then_branch: branch('then'), else_branch: branch('else') }),
    ],
  });
  const module = await importOnnx(bytesOf(model));
  expect(module.parameters()).toHaveLength(2);
  expect(JSON.stringify(module.config()).length).toBeLessThan(3000);
  const x = drawn(10, 10);
  const y = module.call(x);
  const sink = memorySink();
  await exportOnnx(module, sink);
  expect(apart((await importOnnx(bytesOf(sink.bytes()))).call(x), y)).toBe(0);
});

describe('a function of the model', () => {
  /** twice(a) = a + a · factor, of which a node says the factor. */
  const withFunction = (inner: string): Uint8Array => {
    const attribute = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };
    const model: ModelProto = {
      irVersion: 8,
      opsetImport: [
        { domain: '', version: 17 },
        { domain: 'own', version: 1 },
      ],
      metadataProps: [],
      graph: {
        name: 'g',
        node: [
          {
            input: ['x'],
            output: ['h'],
            opType: 'scaled',
            domain: 'own',
            attribute: [{ ...attribute, name: 'factor', type: 1, f: 2 }],
          },
          {
            input: ['h'],
            output: ['y'],
            opType: 'scaled',
            domain: 'own',
            attribute: [{ ...attribute, name: 'factor', type: 1, f: 0.5 }],
          },
        ],
        initializer: [],
        input: [{ name: 'x', type: { tensorType: { elemType: 1 } } }],
        output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }],
        valueInfo: [],
        sparseInitializer: [],
      },
      functions: [
        {
          name: 'scaled',
          domain: 'own',
          input: ['a'],
          output: ['b'],
          attribute: ['factor'],
          attributeProto: [],
          opsetImport: [{ domain: '', version: 17 }],
          node: [
            {
              input: [],
              output: ['c'],
              opType: 'Constant',
              attribute: [{ ...attribute, name: 'value_float', type: 1, refAttrName: 'factor' }],
            },
            { input: ['a', 'c'], output: ['m'], opType: inner, domain: inner === 'scaled' ? 'own' : '', attribute: [] },
            { input: ['a', 'm'], output: ['b'], opType: 'Add', attribute: [] },
          ],
        },
      ],
    };
    return encodeMessage(model, modelProto);
  };

  test('is run as it is, and inlined in a module', async () => {
    const source = bytesOf(withFunction('Mul'));
    const x = tensor([1, 2]);
    const { y } = (await openOnnx(source)).run({ x });
    expect((y as OnnxTensor).numbers()).toEqual([4.5, 9]);
    expect((await importOnnx(source)).call(x).arraySync()).toEqual([4.5, 9]);
  });

  test('that calls itself is refused', async () => {
    await expect(openOnnx(bytesOf(withFunction('scaled'), 'endless.onnx'))).rejects.toThrow(FormatError);
  });
});

describe('weights in another file', () => {
  const model = (location: string, offset = '4'): Uint8Array => {
    const none = { floatData: [], int32Data: [], stringData: [], int64Data: [], doubleData: [], uint64Data: [] };
    const weight: TensorProto = {
      ...none,
      name: 'w',
      dataType: 1,
      dims: [2],
      dataLocation: 1,
      externalData: [
        { key: 'location', value: location },
        { key: 'offset', value: offset },
        { key: 'length', value: '8' },
      ],
    };
    return encodeMessage(
      {
        opsetImport: [{ version: 17 }],
        metadataProps: [],
        functions: [],
        graph: {
          node: [{ input: ['x', 'w'], output: ['y'], opType: 'Mul', attribute: [] }],
          initializer: [weight],
          input: [{ name: 'x', type: { tensorType: { elemType: 1 } } }],
          output: [{ name: 'y' }],
          valueInfo: [],
          sparseInitializer: [],
        },
      },
      modelProto,
    );
  };
  const file = new Uint8Array(Float32Array.of(9, 2, 3).buffer);
  const sibling = async (name: string): Promise<ReturnType<typeof bytesOf> | undefined> =>
    name === 'w.bin' ? bytesOf(file, name) : undefined;

  test('are among the files of the model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-files-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'model.onnx');
    await writeFile(path, model('w.bin'));
    expect(await filesOfModel(path)).toEqual([path, join(folder, 'w.bin')]);
  });

  test('are read by range', async () => {
    const { run } = await openOnnx(bytesOf(model('w.bin')), { sibling });
    const { y } = run({ x: tensor([10, 10]) });
    expect((y as OnnxTensor).numbers()).toEqual([20, 30]);
  });

  test.each(['../w.bin', '/w.bin', 'a/../../w.bin', 'C:\\w.bin', '..\\w.bin', '', 'else.bin'])(
    '%s is not read',
    async (location) => {
      await expect(openOnnx(bytesOf(model(location), 'm.onnx'), { sibling })).rejects.toThrow(FormatError);
    },
  );

  test('end where they end', async () => {
    await expect(openOnnx(bytesOf(model('w.bin', '8')), { sibling })).rejects.toThrow(/ends before the tensor 'w'/);
    await expect(openOnnx(bytesOf(model('w.bin', '-1')), { sibling })).rejects.toThrow(/offset '-1'/);
  });
});

describe('what draws, or depends on what is not known yet', () => {
  test('is refused before anything is run', async () => {
    const model = await written({
      inputs: [{ name: 'x', type: 'f32', shape: [2] }],
      nodes: [node('RandomNormalLike', ['x'], ['y'])],
    });
    await expect(openOnnx(bytesOf(model))).rejects.toThrow(
      /RandomNormalLike \(it draws random numbers\) in RandomNormalLike of y/,
    );
  });

  test('numbers that a device cannot hold are an error', async () => {
    const model = await written({
      inputs: [{ name: 'x', type: 'i64', shape: [2] }],
      outputs: [{ name: 'y', type: 'f32' }],
      nodes: [node('Sqrt', ['z'], ['y']), node('Cast', ['x'], ['z'], { to: 1 })].toReversed(),
    });
    const { run } = await openOnnx(bytesOf(model));
    expect((run({ x: OnnxTensor.numbers('i64', [4, 2 ** 40]) })['y'] as OnnxTensor).numbers()).toEqual([2, 2 ** 20]);
    expect(() => OnnxTensor.numbers('i64', [2 ** 40]).tensor(tensor([1]).device)).toThrow(
      /int64 1099511627776 is beyond i32/,
    );
  });
});

test('a module has one input: others are fixed', async () => {
  const model = await written({
    inputs: [
      { name: 'x', type: 'f32', shape: ['n', 2] },
      { name: 'axis', type: 'i64', shape: [1] },
    ],
    nodes: [node('ReduceSum', ['x', 'axis'], ['y'], { keepdims: 0 })],
  });
  await expect(importOnnx(bytesOf(model))).rejects.toThrow(/the inputs 'x', 'axis'; a module has one/);
  await expect(importOnnx(bytesOf(model), { fixed: { else: OnnxTensor.numbers('i64', [1]) } })).rejects.toThrow(
    /the model has 'x', 'axis'/,
  );
  const module = await importOnnx(bytesOf(model), { fixed: { axis: OnnxTensor.numbers('i64', [1]) } });
  expect(
    module
      .call(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      )
      .arraySync(),
  ).toEqual([3, 7]);
});

test('attributes keep being floats', async () => {
  const model = await written({
    inputs: [{ name: 'x', type: 'f32', shape: [1, 4, 2, 2] }],
    nodes: [{ ...node('LRN', ['x'], ['y'], { size: 3, bias: 2, alpha: 1 }), floats: new Set(['bias', 'alpha']) }],
  });
  const sink = memorySink();
  await exportOnnx(await importOnnx(bytesOf(model)), sink);
  const attributes = decodeBytes(sink.bytes(), modelProto, 'again').graph?.node[0]?.attribute ?? [];
  expect(attributes.map(({ name, type }) => [name, type])).toEqual([
    ['size', 2],
    ['bias', 1],
    ['alpha', 1],
  ]);
});

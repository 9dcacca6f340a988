/** Graphs of old versions whose weights are put in codes: each operator that changed its form says the same in the new one. */
import type { Module } from '@espalier/nn';
import { bytesOf } from '@espalier/nn/format';
import { encodeMatrix, Generator, int4, int8, randn, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { memorySink } from '../../src/bytes/byte-sink.ts';
import { exportOnnx, importOnnx, OnnxTensor, type OnnxModule } from '../../src/index.ts';
import type { WrittenNode } from '../../src/onnx/export/graph-writer.ts';
import { writeModel } from '../../src/onnx/export/write-model.ts';
import { decodeBytes } from '../../src/onnx/protobuf/decode.ts';
import { modelProto } from '../../src/onnx/protobuf/messages.ts';
import type { Attribute } from '../../src/onnx/run/graph.ts';

const generator = new Generator(4);
const drawn = (...shape: number[]): Tensor => randn(shape, { generator }).realizeSync();
const apart = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().itemSync();

type Attributes = Readonly<Record<string, Attribute>>;
const node = (type: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes = {}, floats: readonly string[] = []): WrittenNode => ({ type, domain: '', name: `the ${type}`, inputs, outputs, attributes: new Map(Object.entries(attributes)), floats: new Set(floats) }); // prettier-ignore

interface Case {
  readonly version: number;
  /** From `y`, [2, 4, 6, 6], to `z`. */
  readonly nodes: readonly WrittenNode[];
  readonly constants?: Readonly<Record<string, OnnxTensor>>;
}

/** A convolution and what follows, imported. */
async function made({ version, nodes, constants = {} }: Case): Promise<OnnxModule> {
  const sink = memorySink();
  await writeModel(sink, {
    name: 'made',
    inputs: [{ name: 'x', type: 'f32', shape: [2, 3, 6, 6] }],
    outputs: [{ name: 'z', type: 'f32' }],
    constants: new Map([['w', OnnxTensor.of('f32', drawn(4, 3, 1, 1))], ...Object.entries(constants)]),
    nodes: [node('Conv', ['x', 'w'], ['y']), ...nodes],
    versions: new Map([['', version]]),
  });
  return importOnnx(bytesOf(sink.bytes()));
}

async function coded(
  model: Module,
  ...how: Parameters<typeof encodeMatrix> extends [unknown, ...infer R] ? R : never
): Promise<void> {
  for (const [name, parameter] of model.namedParameters()) {
    if (!name.endsWith('weight') || parameter.shape.length < 2) continue;
    const [rows = 1] = parameter.shape;
    const values = parameter.value.reshape([rows, parameter.size / rows]).realizeSync();
    parameter.store({ matrix: await encodeMatrix(values, ...how) });
  }
}

interface Written {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly version: number | undefined;
  readonly types: readonly string[];
}

async function written(model: Module): Promise<Written> {
  const sink = memorySink();
  await exportOnnx(model, sink);
  const { opsetImport, graph } = decodeBytes(sink.bytes(), modelProto, 'again');
  return {
    bytes: new Uint8Array(sink.bytes()),
    version: opsetImport.find(({ domain = '' }) => domain === '')?.version,
    types: graph?.node.map(({ opType = '' }) => opType) ?? [],
  };
}

const wholes = (...values: number[]): OnnxTensor => OnnxTensor.numbers('i64', values);
const floats = (...values: number[]): OnnxTensor => OnnxTensor.numbers('f32', values);
const z = ['z'] as const;

const forms: readonly (readonly [name: string, one: Case])[] = [
  ['Clip with bounds', { version: 7, nodes: [node('Clip', ['y'], z, { min: -0.25, max: 0.5 }, ['min', 'max'])] }],
  ['Clip with the upper bound only', { version: 10, nodes: [node('Clip', ['y'], z, { max: 0.5 })] }],
  ['Pad', { version: 7, nodes: [node('Pad', ['y'], z, { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: 0.5 }, ['value'])] }],
  ['Pad that mirrors', { version: 9, nodes: [node('Pad', ['y'], z, { pads: [0, 0, 1, 2, 0, 0, 0, 1], mode: 'reflect' })] }],
  ['Slice', { version: 9, nodes: [node('Slice', ['y'], z, { starts: [1, -2], ends: [3, 99], axes: [2, 3] })] }],
  ['TopK', { version: 9, nodes: [node('TopK', ['y'], ['z', 'places'], { k: 2, axis: 2 })] }],
  ['Dropout', { version: 9, nodes: [node('Dropout', ['y'], z, { ratio: 0.25 })] }],
  ['Squeeze and Unsqueeze', { version: 11, nodes: [node('Unsqueeze', ['y'], ['u'], { axes: [0, 3] }), node('Squeeze', ['u'], z, { axes: [3] })] }],
  ['ReduceSum', { version: 9, nodes: [node('ReduceSum', ['y'], z, { axes: [1, 2], keepdims: 0 })] }],
  ['ReduceSum over all', { version: 9, nodes: [node('ReduceSum', ['y'], z)] }],
  ['ReduceMean', { version: 12, nodes: [node('ReduceMean', ['y'], z, { axes: [1] })] }],
  ['ReduceMax of 17', { version: 17, nodes: [node('ReduceMax', ['y'], z, { axes: [-1] })] }],
  ['Split by sizes', { version: 11, nodes: [node('Split', ['y'], ['a', 'b'], { axis: 1, split: [1, 3] }), node('Mul', ['a', 'b'], z)] }],
  ['Split into halves', { version: 7, nodes: [node('Split', ['y'], ['a', 'b'], { axis: 1 }), node('Sub', ['a', 'b'], z)] }],
  ['Softmax over the rest', { version: 11, nodes: [node('Softmax', ['y'], z, { axis: 2 })] }],
  ['Softmax over the usual rest', { version: 8, nodes: [node('Softmax', ['y'], z)] }],
  ['LogSoftmax along the last', { version: 11, nodes: [node('LogSoftmax', ['y'], z, { axis: 3 })] }],
  ['Hardmax over the rest', { version: 9, nodes: [node('Hardmax', ['y'], z, { axis: 0 })] }],
  ['Softmax of turned axes', { version: 11, nodes: [node('Transpose', ['y'], ['t'], { perm: [0, 2, 3, 1] }), node('Softmax', ['t'], z, { axis: 3 })] }],
  ['Upsample by factors as attributes', { version: 7, nodes: [node('Upsample', ['y'], z, { scales: [1, 1, 2, 1.5], mode: 'linear' }, ['scales'])] }],
  ['Upsample', { version: 9, nodes: [node('Upsample', ['y', 's'], z)], constants: { s: floats(1, 1, 2.5, 1.5) } }],
  ['Upsample by a rounded factor', { version: 9, nodes: [node('Upsample', ['y', 's'], z)], constants: { s: floats(1, 1, 10 / 6, 1) } }],
  ['Resize', { version: 10, nodes: [node('Resize', ['y', 's'], z, { mode: 'linear' })], constants: { s: floats(1, 1, 0.5, 1.5) } }],
  ['Resize to sizes', { version: 11, nodes: [node('Resize', ['y', 'r', 'r', 's'], z, { mode: 'cubic' })], constants: { r: floats(), s: wholes(2, 4, 7, 9) } }],
  ['Scatter', { version: 9, nodes: [node('Flatten', ['y'], ['f']), node('Scatter', ['f', 'at', 'v'], z, { axis: 1 })], constants: { at: OnnxTensor.numbers('i64', [3, 1, 0, 2], [2, 2]), v: OnnxTensor.numbers('f32', [9, 8, 7, 6], [2, 2]) } }],
  ['BatchNormalization', { version: 7, nodes: [node('BatchNormalization', ['y', 'g', 'g', 'g', 'g'], z, { spatial: 1 })], constants: { g: floats(1, 2, 3, 4) } }],
  ['RoiAlign', { version: 10, nodes: [node('RoiAlign', ['y', 'roi', 'of'], z, { output_height: 2, output_width: 2 })], constants: { roi: OnnxTensor.numbers('f32', [0.5, 1, 4, 4.5], [1, 4]), of: wholes(1) } }],
  ['GridSample', { version: 16, nodes: [node('GridSample', ['y', 'grid'], z, { mode: 'bicubic' })], constants: { grid: OnnxTensor.numbers('f32', Array.from({ length: 16 }, (_, index) => index / 10 - 0.8), [2, 2, 2, 2]) } }],
]; // prettier-ignore

describe('int4 in groups needs version 21', () => {
  test.each(forms)('%s', async (_, one) => {
    const model = await made(one);
    await coded(model, int4, { group: 16 });
    const { bytes, version } = await written(model);
    expect(version).toBe(21);
    const x = drawn(2, 3, 6, 6);
    const [own, again] = [model.call(x), (await importOnnx(bytesOf(bytes))).call(x)];
    expect(again.shape).toEqual(own.shape);
    expect(apart(again, own)).toBeLessThan(1e-6);
  });
});

describe('no newer version than codes need', () => {
  const old: Case = { version: 9, nodes: [node('Softmax', ['y'], z, { axis: 3 })] };

  test('is 10 of one scale, and 13 of a scale for each channel', async () => {
    const model = await made(old);
    expect((await written(model)).version).toBe(9);
    await coded(model, int8, { scales: 'matrix' });
    const { version, types } = await written(model);
    expect([version, types]).toEqual([10, ['DequantizeLinear', 'Conv', 'Softmax']]);
    await coded(model, int8, { scales: 'row' });
    expect((await written(model)).version).toBe(13);
  });

  test('is 11 of inputs that are rounded by the batch', async () => {
    const model = await made(old);
    const [parameter] = model.parameters();
    const apply = (x: Tensor): Tensor => x;
    const view = { name: 'view', by: 'row', meaning: { does: 'round-rows' }, apply } as const;
    parameter?.inputs.push({ ...view, copy: () => ({ ...view, copy: () => expect.fail() }) });
    expect((await written(model)).version).toBe(11);
  });
});

test('graphs within are raised with the one around them', async () => {
  const within = (name: string, attributes: Attributes): Attribute => ({
    name,
    inputs: [],
    outputs: [{ name: `${name}.z` }],
    constants: new Map(),
    nodes: [
      { ...node('Softmax', ['y'], [`${name}.s`], attributes), operator: { type: 'Softmax', run: (call) => call.refuse('is only written') }, label: '', version: 11 }, // prettier-ignore
      { ...node('ReduceSum', [`${name}.s`], [`${name}.z`], { axes: [2], keepdims: 0 }), operator: { type: 'ReduceSum', run: (call) => call.refuse('is only written') }, label: '', version: 11 }, // prettier-ignore
    ],
  });
  const model = await made({
    version: 11,
    nodes: [
      node('ReduceSum', ['y'], ['all'], { keepdims: 0 }),
      node('Greater', ['all', 'none'], ['large']),
      node('If', ['large'], z, { then_branch: within('then', { axis: 1 }), else_branch: within('else', { axis: 2 }) }),
    ],
    constants: { none: OnnxTensor.numbers('f32', [0], []) },
  });
  await coded(model, int4, { group: 16 });
  const again = await importOnnx(bytesOf((await written(model)).bytes));
  const x = drawn(2, 3, 6, 6);
  for (const each of [x, x.neg()]) expect(apart(again.call(each), model.call(each))).toBeLessThan(1e-6);
});

describe('is refused by name, with what was asked for and what to do', () => {
  const refusal = async (
    one: Case,
    ...how: Parameters<typeof coded> extends [unknown, ...infer R] ? R : never
  ): Promise<string> => {
    const model = await made(one);
    await coded(model, ...how);
    return written(model).then(
      () => 'written',
      (error: unknown) => (error as Error).message,
    );
  };

  test('what changed its meaning', async () => {
    const nodes = [node('ConvTranspose', ['y', 'v'], z, { auto_pad: 'SAME_UPPER' })];
    const constants = { v: OnnxTensor.numbers('f32', [1, 2, 3, 4], [4, 1, 1, 1]) };
    expect(await refusal({ version: 10, nodes, constants }, int8, { scales: 'row' })).toBe(
      "exportOnnx: weights in int8 with a scale for each channel need version 13 of the operators, and the graph is of version 10: ConvTranspose 'the ConvTranspose' counts its pads (auto_pad), which are others since; export the model from where it was made in version 13 or newer, or quantize it in a form that needs less (int8 with one scale for a weight needs 10)",
    );
  });

  test('numbers of one of several types', async () => {
    const nodes = [node('Cast', ['y'], ['d'], { to: 11 }), node('Clip', ['d'], ['c'], { max: 0.5 }), node('Cast', ['c'], z, { to: 1 })]; // prettier-ignore
    expect(await refusal({ version: 9, nodes }, int4, { group: 16 })).toMatch(
      /^exportOnnx: weights in int4 need version 21 .* 9: Clip 'the Clip' has a number as an attribute, and the graph computes in several types of floats; .*channel needs 13/u,
    );
  });

  test('what is of before version 7', async () => {
    expect(await refusal({ version: 6, nodes: [node('Relu', ['y'], z)] }, int8, { scales: 'matrix' })).toMatch(
      /weights in int8 with one scale need version 10 .* version 6: only graphs of the versions 7 to/u,
    );
  });
});

// Weights in codes go out as codes and come back as they were.
import { build, type InputView, type Module, type ModuleConfig, type Parameter, type ViewMeaning } from '@espalier/nn';
import { bytesOf } from '@espalier/nn/format';
import { encodeMatrix, Generator, int4, int8, intN, codebook, bitmask, randn, tensor, type StoredFormat, type Tensor } from '@espalier/tensor'; // prettier-ignore
import { describe, expect, test } from 'vitest';
import { memorySink } from '../../src/bytes/byte-sink.ts';
import { describeOnnx, exportOnnx, importOnnx, onnxLosses, OnnxTensor, type OnnxModule } from '../../src/index.ts';
import { writeModel } from '../../src/onnx/export/write-model.ts';

const generator = new Generator(3);
const drawn = (...shape: number[]): Tensor => randn(shape, { generator }).realizeSync();
const apart = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().itemSync();

type Coding = readonly [format: StoredFormat, options: object];

/** Puts the weights of a model, in their order, in formats. */
async function stored(model: Module, ...codings: readonly Coding[]): Promise<Module> {
  const weights = [...model.namedParameters()].filter(([name]) => name.endsWith('weight'));
  for (const [index, [format, options]] of codings.entries()) {
    const [, parameter] = weights[index] as (typeof weights)[number];
    const [rows = 1] = parameter.shape;
    const values = parameter.value.reshape([rows, parameter.size / rows]).realizeSync();
    parameter.store({ matrix: await encodeMatrix(values, format as never, options as never) });
  }
  return model.eval();
}

async function written(model: Module, input?: readonly number[]): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  await exportOnnx(model, sink, input === undefined ? {} : { input });
  return new Uint8Array(sink.bytes());
}

const back = async (bytes: Uint8Array<ArrayBuffer>): Promise<OnnxModule> => importOnnx(bytesOf(bytes));
const operators = async (bytes: Uint8Array<ArrayBuffer>): Promise<string[]> =>
  (await describeOnnx(bytesOf(bytes))).operators.map(({ name }) => name).toSorted();

/** All arrays of all weights that are stored. */
async function arraysOf(model: Module): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const [name, { stored: weightOf }] of model.namedParameters()) {
    if (!weightOf) continue;
    const { format, settings, arrays } = weightOf.matrix;
    const bytes = await Promise.all(
      Object.entries(arrays).map(async ([key, array]) => [key, [...(await array.bytes())]]),
    );
    found.push([name, format.name, settings, bytes]);
  }
  return found;
}

const picture = (out: number): ModuleConfig => ({
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 3, out: 8, kernel: 3, padding: 1 },
    { type: 'relu' },
    { type: 'conv2d', in: 8, out: 6, kernel: [2, 3], groups: 2, bias: false },
    { type: 'flatten' },
    { type: 'linear', in: 72, out },
  ],
});
const row: Coding = [int8, { scales: 'row' }];

describe('a round trip loses nothing', () => {
  test.each<[string, readonly Coding[]]>([
    ['int8 by row and by matrix', [row, [int8, { scales: 'matrix' }], row]],
    [
      'int4 in groups',
      [
        [int4, { group: 16 }],
        [int4, { group: 16 }],
        [int4, { group: 32 }],
      ],
    ],
    ['int4 in groups with zero points', [[int4, { group: 16, zeros: true }], [int4, { group: 16, zeros: true }], [int4, { group: 16, zeros: true }]]], // prettier-ignore
    ['codes of 3 and of 8 bits', [[intN, { bits: 3, group: 128 }], [intN, { bits: 8, group: 16, zeros: true }], [intN, { bits: 8, group: 16 }]]], // prettier-ignore
  ])('%s', async (_, codings) => {
    const model = await stored(build(picture(5), { seed: 1 }), ...codings);
    const bytes = await written(model, [3, 4, 6]);
    const imported = await back(bytes);
    const x = drawn(3, 3, 4, 6);
    expect(apart(imported.call(x), model.call(x))).toBeLessThan(1e-5);
    for (const [name, parameter] of model.namedParameters())
      expect(apart(imported.namedParameters().get(name)?.value as Tensor, parameter.value)).toBe(0);
    expect([...imported.namedParameters().values()].filter((each) => each.stored)).toHaveLength(3);
    const again = await written(imported);
    expect(await arraysOf(await back(again))).toEqual(await arraysOf(imported));
    expect(await written(await back(again))).toEqual(again);
  });

  test('of products with more than one row an example', async () => {
    const model = await stored(
      build({ type: 'sequential', layers: [{ type: 'linear', in: 20, out: 6 }, { type: 'linear', in: 6, out: 32, bias: false }, { type: 'linear', in: 32, out: 3 }] }, { seed: 2 }), // prettier-ignore
      row,
      [int4, { group: 16 }],
      [int4, { group: 16, zeros: true }],
    );
    const bytes = await written(model, [4, 20]);
    expect(await operators(bytes)).toEqual([
      'Add',
      'DequantizeLinear',
      'Identity',
      'MatMul',
      'com.microsoft::MatMulNBits',
    ]);
    const imported = await back(bytes);
    const x = drawn(2, 4, 20);
    expect(apart(imported.call(x), model.call(x))).toBeLessThan(1e-5);
    expect((await arraysOf(imported)).map((each) => (each as string[])[1])).toEqual(['int8', 'int4', 'int4']);
    const again = await back(await written(imported));
    expect(await arraysOf(again)).toEqual(await arraysOf(imported));
    // What is worked on is dense from then on, and a product with blocks a plain one.
    for (const parameter of imported.parameters()) expect(parameter.tensor.rank).toBeGreaterThan(0);
    const dense = await written(imported);
    expect(await operators(dense)).toEqual(['Add', 'Identity', 'MatMul']);
    expect(apart((await back(dense)).call(x), model.call(x))).toBeLessThan(1e-5);
  });

  test('8 bits take a quarter', async () => {
    const wide: ModuleConfig = { type: 'sequential', layers: [{ type: 'linear', in: 256, out: 256 }, { type: 'relu' }, { type: 'linear', in: 256, out: 128 }] }; // prettier-ignore
    const dense = (await written(build(wide, { seed: 3 }), [256])).length;
    expect((await written(await stored(build(wide, { seed: 3 }), row, row), [256])).length).toBeLessThan(0.27 * dense);
    const four: Coding = [int4, { group: 32 }];
    expect((await written(await stored(build(wide, { seed: 3 }), four, four), [256])).length).toBeLessThan(
      0.17 * dense,
    );
  });
});

describe('what a weight is multiplied with', () => {
  const viewed = async (view: InputView): Promise<[Module, OnnxModule]> => {
    const model = await stored(build(picture(5), { seed: 4 }), row, row, row);
    for (const [name, parameter] of model.namedParameters())
      if (/^[04][.]weight/u.test(name)) parameter.inputs.push(view);
    return [model, await back(await written(model, [3, 4, 6]))];
  };
  const plain = { name: 'view', by: 'channel', copy: (): InputView => round } as const;
  const round: InputView = {
    ...plain,
    meaning: { does: 'round', scale: 0.05, zero: -3 },
    apply: (x) => x.div(0.05).round().add(-3).clamp(-128, 127).sub(-3).mul(0.05),
  };

  test('is rounded as it was', async () => {
    const [model, imported] = await viewed(round);
    const x = drawn(3, 3, 4, 6);
    expect(apart(imported.call(x), model.call(x))).toBeLessThan(1e-5);
    const again = await back(await written(imported));
    expect(apart(again.call(x), imported.call(x))).toBe(0);
  });

  test('is divided by factors', async () => {
    const model = build({ type: 'sequential', layers: [{ type: 'conv2d', in: 2, out: 3, kernel: 1 }, { type: 'flatten' }, { type: 'linear', in: 12, out: 2 }] }, { seed: 5 }); // prettier-ignore
    const by = (factors: readonly number[]): InputView => ({
      ...plain,
      meaning: { does: 'divide', factors: Float32Array.from(factors) },
      apply: (x, axis) =>
        x.div(tensor([...factors]).reshape(x.shape.map((_, each) => (each === axis ? factors.length : 1)))),
    });
    model
      .namedParameters()
      .get('0.weight')
      ?.inputs.push(by([2, 4]));
    model
      .namedParameters()
      .get('2.weight')
      ?.inputs.push(by(Array.from({ length: 12 }, (_, index) => index + 1)));
    const imported = await back(await written(model, [2, 2, 2]));
    const x = drawn(3, 2, 2, 2);
    expect(apart(imported.call(x), model.call(x))).toBeLessThan(1e-6);
  });

  test('is rounded by a scale for the batch where it had one for each row, which is said', async () => {
    const rows: InputView = { ...plain, by: 'row', meaning: { does: 'round-rows' }, apply: (x) => x };
    const [model, imported] = await viewed(rows);
    expect(onnxLosses(model)).toEqual(['inputs of 2 weights have a scale for the batch, and not one for each row: ONNX has no other']); // prettier-ignore
    expect(await operators(await written(imported))).toContain('DynamicQuantizeLinear');
    const x = drawn(3, 3, 4, 6);
    expect(apart(imported.call(x), model.call(x))).toBeGreaterThan(0);
    expect(apart(imported.call(x), model.call(x))).toBeLessThan(0.1);
  });

  test('through a view without a form in ONNX is refused by name', async () => {
    const model = build(picture(5), { seed: 4 });
    model
      .namedParameters()
      .get('4.weight')
      ?.inputs.push({ ...plain, name: 'noise', apply: (x) => x });
    await expect(written(model, [3, 4, 6])).rejects.toThrow("'4' is called with goes through 'noise'");
  });
});

test('weights that ONNX has no form for are numbers, which is said', async () => {
  const model = await stored(
    build(picture(5), { seed: 6 }),
    [codebook, { bits: 4 }],
    [bitmask, { values: 'int8' }],
    row,
  );
  expect(onnxLosses(model)).toEqual([
    '1 weights are written as the numbers that they stand for (codebook)',
    '1 sparse weights are written with their zeros: ONNX has no form for them that is computed with',
  ]);
  const imported = await back(await written(model, [3, 4, 6]));
  for (const [name, parameter] of model.namedParameters())
    expect(apart(imported.namedParameters().get(name)?.value as Tensor, parameter.value)).toBe(0);
  expect(onnxLosses(imported)).toEqual([]);
});

describe('codes that a view shows', () => {
  const views: readonly (readonly [string, Omit<ViewMeaning, 'does' | 'scales'>, number])[] = [
    ['8 bits in groups', { bits: 8, group: 8 }, 30],
    [
      '8 bits with zero points in groups',
      { bits: 8, group: 16, zeros: Int8Array.from({ length: 18 }, (_, at) => at - 9) },
      18,
    ],
    ['8 bits with one scale', { bits: 8 }, 1],
    ['3 bits with a scale a row', { bits: 3 }, 6],
  ];

  test.each(views)('are written as codes: %s', async (...[, meaning, count]) => {
    const model = build({ type: 'conv2d', in: 4, out: 6, kernel: 3 }, { seed: 1 });
    const weight = model.namedParameters().get('weight') as Parameter;
    const scales = Float32Array.from({ length: count }, (_, at) => 0.25 * (1 + (at % 3)));
    const group = meaning.group ?? 36;
    const most = 2 ** (meaning.bits - 1) - 1;
    const values = Float32Array.from({ length: 216 }, (_, at) => {
      const place = count === 1 ? 0 : Math.floor(at / 36) * Math.ceil(36 / group) + Math.floor((at % 36) / group);
      return (((at * 7) % (2 * most + 1)) - most - (meaning.zeros?.[place] ?? 0)) * (scales[place] as number);
    });
    weight.tensor.assign(tensor(values).reshape([6, 4, 3, 3]).realizeSync());
    weight.views.push({ name: 'fake-quantize', apply: (raw) => raw, meaning: { does: 'codes', scales, ...meaning } });
    expect(onnxLosses(model)).toEqual([]);
    const bytes = await written(model, [4, 5, 5]);
    expect(await operators(bytes)).toContain('DequantizeLinear');
    const imported = await back(bytes);
    const x = drawn(2, 4, 5, 5);
    expect(apart(imported.call(x), model.call(x))).toBeLessThan(1e-4);
    const [own] = imported.parameters().filter(({ shape }) => shape.length === 4);
    expect(apart(own?.value as Tensor, weight.value)).toBe(0);
  });
});

describe('a graph of an older version', () => {
  const grouped = async (version: number, type: string): Promise<OnnxModule> => {
    const node = (of: string, inputs: readonly string[], output: string) =>
      ({ type: of, domain: '', name: of, inputs, outputs: [output], attributes: new Map() }) as const;
    const sink = memorySink();
    await writeModel(sink, {
      name: 'made',
      inputs: [{ name: 'x', type: 'f32', shape: [1, 4, 3, 3] }],
      outputs: [{ name: 'z', type: 'f32' }],
      constants: new Map([['w', OnnxTensor.of('f32', drawn(2, 4, 2, 2))]]),
      nodes: [node('Conv', ['x', 'w'], 'y'), node(type, ['y'], 'z')],
      versions: new Map([['', version]]),
    });
    const model = await importOnnx(bytesOf(sink.bytes()));
    await stored(model, [int4, { group: 16 }]);
    return model;
  };

  test('is raised where all nodes mean the same', async () => {
    const model = await grouped(17, 'Relu');
    const bytes = await written(model);
    expect((await describeOnnx(bytesOf(bytes))).opsets).toEqual({ 'ai.onnx': 21 });
    const x = drawn(1, 4, 3, 3);
    expect(apart((await back(bytes)).call(x), model.call(x))).toBeLessThan(1e-6);
  });
});

/** Operators of the versions since 23 in modules: they have gradients, go out as they came, and are refused in words. */
import { bytesOf } from '@espalier/nn/format';
import { Generator, gradients, randn, tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { memorySink } from '../../src/bytes/byte-sink.ts';
import { exportOnnx, importOnnx, openOnnx, OnnxTensor, type OnnxModule } from '../../src/index.ts';
import type { WrittenNode } from '../../src/onnx/export/graph-writer.ts';
import { writeModel } from '../../src/onnx/export/write-model.ts';
import { decodeBytes } from '../../src/onnx/protobuf/decode.ts';
import { modelProto } from '../../src/onnx/protobuf/messages.ts';
import type { Attribute } from '../../src/onnx/run/graph.ts';

const generator = new Generator(5);
const drawn = (...shape: number[]): Tensor => randn(shape, { generator }).realizeSync();
const apart = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().itemSync();

type Attributes = Readonly<Record<string, Attribute>>;
const node = (type: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes = {}): WrittenNode => ({ type, domain: '', name: `the ${type}`, inputs, outputs, attributes: new Map(Object.entries(attributes)), floats: new Set(['alpha', 'scale', 'softcap', 'epsilon']) }); // prettier-ignore

/** From x, [2, 4, 8], to y. */
async function bytesWith(
  nodes: readonly WrittenNode[],
  constants: Readonly<Record<string, OnnxTensor>> = {},
  version = 24,
): Promise<Uint8Array> {
  const sink = memorySink();
  await writeModel(sink, {
    name: 'made',
    inputs: [{ name: 'x', type: 'f32', shape: ['batch', 4, 8] }],
    outputs: [{ name: 'y', type: 'f32' }],
    constants: new Map(Object.entries(constants)),
    nodes,
    versions: new Map([['', version]]),
  });
  return sink.bytes();
}

const moduleWith = async (...given: Parameters<typeof bytesWith>): Promise<OnnxModule> =>
  importOnnx(bytesOf(await bytesWith(...given)));
const weight = (...shape: number[]): OnnxTensor => OnnxTensor.of('f32', drawn(...shape).mul(0.5));
const heads = { q_num_heads: 4, kv_num_heads: 2 };

/** Queries of four heads, and keys and values of two; the first query sees nothing. */
const grouped = (attributes: Attributes = {}): Promise<OnnxModule> =>
  moduleWith(
    [
      node('MatMul', ['x', 'q'], ['query']),
      node('MatMul', ['x', 'k'], ['key']),
      node('MatMul', ['x', 'v'], ['value']),
      node('Attention', ['query', 'key', 'value', 'mask'], ['y'], { ...heads, softcap: 2, ...attributes }),
    ],
    {
      q: weight(8, 8),
      k: weight(8, 4),
      v: weight(8, 4),
      mask: OnnxTensor.numbers('bool', [0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1], [4, 4]),
    },
  );

describe('attention', () => {
  test('of groups of heads is what a softmax of products is', async () => {
    const module = await grouped();
    const x = drawn(2, 4, 8);
    const [q, k, v] = [...module.namedParameters().values()].map(({ value }) => x.matmul(value.t())) as [Tensor, Tensor, Tensor]; // prettier-ignore
    const y = module.call(x);
    const apartOf = (t: Tensor, count: number): Tensor => t.reshape([2, 4, count, 2]).permute([0, 2, 1, 3]);
    const [key, value] = [k, v].map((each) => apartOf(each, 2).repeatInterleave(2, 1)) as [Tensor, Tensor];
    const scores = apartOf(q, 4)
      .matmul(key.permute([0, 1, 3, 2]))
      .div(Math.SQRT2);
    const unseen = tensor([[0, 0, 0, 0], [0, -1e9, 0, 0], [0, 0, -1e9, 0], [0, 0, 0, 0]]); // prettier-ignore
    const shares = scores.div(2).tanh().mul(2).add(unseen).softmax(-1);
    const wanted = shares.matmul(value).permute([0, 2, 1, 3]).reshape([2, 4, 8]);
    expect(apart(y.narrow(1, 1, 3), wanted.narrow(1, 1, 3))).toBeLessThan(1e-5);
    expect(y.narrow(1, 0, 1).abs().max().itemSync()).toBe(0);
  });

  test('has gradients, which are numbers where nothing is seen, too', async () => {
    const module = await grouped();
    const parameters = module.parameters();
    const loss = module
      .call(drawn(2, 4, 8))
      .square()
      .sum();
    for (const gradient of gradients(loss, parameters.map(({ tensor: leaf }) => leaf))) {
      expect(gradient.isFinite().all().itemSync()).toBeTruthy();
      expect(gradient.abs().max().itemSync()).toBeGreaterThan(0);
    } // prettier-ignore
  });

  test('goes out as it came', async () => {
    const module = await grouped({ is_causal: 1, scale: 1 });
    const sink = memorySink();
    await exportOnnx(module, sink);
    const { graph, opsetImport } = decodeBytes(sink.bytes(), modelProto, 'again');
    expect(opsetImport.map(({ version }) => version)).toEqual([24]);
    const again = graph?.node.find(({ opType }) => opType === 'Attention');
    expect(again?.attribute.map(({ name, type }) => [name, type])).toEqual([['q_num_heads', 2], ['kv_num_heads', 2], ['softcap', 1], ['is_causal', 2], ['scale', 1]]); // prettier-ignore
    const x = drawn(3, 4, 8);
    expect(apart((await importOnnx(bytesOf(sink.bytes()))).call(x), module.call(x))).toBe(0);
  });
});

test('norms by roots of mean squares, turned places and gates have gradients', async () => {
  const angles = Array.from({ length: 8 }, (_, index) => index / 5);
  const module = await moduleWith(
    [
      node('RMSNormalization', ['x', 'scale'], ['normal']),
      node('RotaryEmbedding', ['normal', 'cos', 'sin', 'places'], ['turned'], { num_heads: 2 }),
      node('SwiGLU', ['turned', 'x'], ['gated']),
      node('Swish', ['gated'], ['y'], { alpha: 2 }),
    ],
    {
      scale: weight(8),
      cos: OnnxTensor.numbers('f32', angles.map(Math.cos), [4, 2]),
      sin: OnnxTensor.numbers('f32', angles.map(Math.sin), [4, 2]),
      places: OnnxTensor.numbers('i64', [3, 2, 1, 0], [1, 4]),
    },
    28,
  );
  // Angles are no parameters.
  expect([...module.namedParameters().keys()]).toEqual(['scale']);
  const [scale] = module.parameters();
  const x = drawn(1, 4, 8);
  const value = (): number => module.call(x).sum().itemSync();
  const [gradient] = gradients(module.call(x).sum(), [scale?.tensor as Tensor]);
  const before = value();
  const step = 1e-3;
  scale?.tensor.assign(scale.value.add(tensor([step, 0, 0, 0, 0, 0, 0, 0])));
  expect((value() - before) / step).toBeCloseTo(gradient.narrow(0, 0, 1).itemSync(), 1);
});

describe('what newer versions say beside their old forms', () => {
  const given = async (...parts: Parameters<typeof bytesWith>): Promise<OnnxTensor> =>
    (await openOnnx(bytesOf(await bytesWith(...parts)))).run({ x: drawn(2, 4, 8) })['y'] as OnnxTensor;
  const codes = new OnnxTensor('i8', [2], { numbers: [-2, 1] });
  const scale = OnnxTensor.numbers('f32', [0.5], []);

  test('the type of a result, and columns before blocks', async () => {
    const y = await given([node('DequantizeLinear', ['codes', 'scale'], ['y'], { output_dtype: 10 })], {
      codes,
      scale,
    });
    expect([y.type, y.numbers()]).toEqual(['f16', [-1, 0.5]]);
    const image = OnnxTensor.numbers('f32', [0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 2, 2]);
    const attributes = { blocksize: 2, mode: 'CRD' };
    const columns = await given([node('SpaceToDepth', ['image'], ['y'], attributes)], { image }, 28);
    expect(columns.numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('numbers of two bits are read, cast and written', async () => {
    const small = OnnxTensor.numbers('i2', [-2, 1, 0, -1, 1]);
    const y = await given([node('Cast', ['small'], ['y'], { to: 1 })], { small }, 25);
    expect(y.numbers()).toEqual([-2, 1, 0, -1, 1]);
  });

  test('what is not computed is named', async () => {
    const signed = [node('BitShift', ['codes', 'codes'], ['y'], { direction: 'LEFT' })];
    await expect(given(signed, { codes }, 28)).rejects.toThrow("BitShift 'the BitShift': shifts signed numbers");
    const wide = [node('QuantizeLinear', ['x', 'scale'], ['y'], { precision: 11 })];
    await expect(given(wide, { scale })).rejects.toThrow('divides in double (precision)');
    const waves = [node('DFT', ['x'], ['y'], { inverse: 1, onesided: 1 })];
    await expect(given(waves)).rejects.toThrow(/DFT/u);
  });
});

describe('is refused with its node', () => {
  const refusal = async (...given: Parameters<typeof bytesWith>): Promise<string> => {
    const { run } = await openOnnx(bytesOf(await bytesWith(...given)));
    try {
      run({ x: drawn(2, 4, 8) });
    } catch (error) {
      return (error as Error).message;
    }
    return 'run';
  };
  const one = OnnxTensor.numbers('i64', [3, 3]);

  test.each<[string, readonly WrittenNode[], string]>([
    ['heads that do not divide', [node('Attention', ['x', 'x', 'x'], ['y'], { q_num_heads: 3, kv_num_heads: 3 })], "has 3 heads ('q_num_heads') in rows of 8"],
    ['heads that are not said', [node('Attention', ['x', 'x', 'x'], ['y'])], "has no 'q_num_heads', which 3 dimensions need"],
    ['groups that do not divide', [node('Attention', ['x', 'x', 'x'], ['y'], { q_num_heads: 2, kv_num_heads: 4 })], 'has 2 heads that ask, and 4 that are asked'],
    ['half a past', [node('Attention', ['x', 'x', 'x', '', 'x'], ['y'], heads)], 'has a past of keys or of values'],
    ['an unknown output mode', [node('Attention', ['x', 'x', 'x'], ['y'], { q_num_heads: 2, kv_num_heads: 2, qk_matmul_output_mode: 4 })], 'has the output mode 4'],
    ['rows behind the end', [node('TensorScatter', ['x', 'x', 'one'], ['y'])], 'puts 4 rows at 3 of 4'],
    ['an odd number of turned ones', [node('RotaryEmbedding', ['x', 'x', 'x'], ['y'], { num_heads: 2, rotary_embedding_dim: 3 })], 'turns 3 numbers of 4'],
    ['bits of another width', [node('BitCast', ['x'], ['y'], { to: 7 })], 'takes float as int64, which has other bits'],
    ['a rule that there is not', [node('LinearAttention', ['x', 'x', 'x'], ['y'], { ...heads, update_rule: 'other' })], "goes by the rule 'other'"],
    ['a rule without what it needs', [node('LinearAttention', ['x', 'x', 'x'], ['y'], { q_num_heads: 2, kv_num_heads: 2, update_rule: 'delta' })], "lacks 'beta', by its rule"],
  ])('%s', async (_, nodes, wanted) => {
    expect(await refusal(nodes, { one }, 28)).toContain(wanted);
  }); // prettier-ignore
});

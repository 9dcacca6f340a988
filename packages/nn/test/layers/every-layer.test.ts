import { build, moduleTypes, summary, type Module, type ModuleConfig } from '@espalier/nn';
import {
  createReferenceDevice,
  fromTyped,
  Generator,
  gradients,
  randn,
  ShapeError,
  tensor,
  withDevice,
  zeros,
  type Shape,
  type Tensor,
} from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';

interface Case {
  readonly config: ModuleConfig;
  /** Of one example. */
  readonly input: Shape;
  readonly output: Shape;
  readonly macs: number;
  readonly parameters: number;
}

const smooth = [
  'elu',
  'selu',
  'gelu',
  'silu',
  'mish',
  'softplus',
  'tanh',
  'sigmoid',
  'softmax',
  'log-softmax',
  'identity',
  'relu',
  'leaky-relu',
  'hard-sigmoid',
  'hard-swish',
];

const cases: readonly Case[] = [
  { config: { type: 'linear', in: 3, out: 4 }, input: [3], output: [4], macs: 12, parameters: 16 },
  {
    config: { type: 'linear', in: 3, out: 4, bias: false, init: 'orthogonal' },
    input: [2, 3],
    output: [2, 4],
    macs: 24,
    parameters: 12,
  },
  {
    config: { type: 'conv2d', in: 2, out: 3, kernel: [3, 2], stride: [2, 1], padding: [1, 0] },
    input: [2, 5, 4],
    output: [3, 3, 3],
    macs: 324,
    parameters: 39,
  },
  {
    config: { type: 'conv2d', in: 4, out: 4, kernel: 2, groups: 2, dilation: 2, bias: false },
    input: [4, 4, 5],
    output: [4, 2, 3],
    macs: 192,
    parameters: 32,
  },
  {
    config: { type: 'conv2d', in: 1, out: 2, kernel: [2, 3], padding: 'same', stride: 2 },
    input: [1, 5, 4],
    output: [2, 3, 2],
    macs: 72,
    parameters: 14,
  },
  {
    config: { type: 'conv2d', in: 1, out: 2, kernel: 2, padding: 'valid' },
    input: [1, 3, 3],
    output: [2, 2, 2],
    macs: 32,
    parameters: 10,
  },
  { config: { type: 'max-pool2d', size: 2 }, input: [2, 5, 4], output: [2, 2, 2], macs: 0, parameters: 0 },
  {
    config: { type: 'max-pool2d', size: 3, stride: 2, padding: 1 },
    input: [1, 5, 5],
    output: [1, 3, 3],
    macs: 0,
    parameters: 0,
  },
  {
    config: { type: 'avg-pool2d', size: [2, 1], stride: 1 },
    input: [1, 3, 3],
    output: [1, 2, 3],
    macs: 0,
    parameters: 0,
  },
  {
    config: { type: 'max-pool2d', size: 2, stride: 2, dilation: 2, ceilMode: true },
    input: [1, 6, 5],
    output: [1, 3, 2],
    macs: 0,
    parameters: 0,
  },
  {
    config: { type: 'avg-pool2d', size: 3, stride: 2, padding: 1, ceilMode: true, countPadding: true },
    input: [1, 6, 6],
    output: [1, 4, 4],
    macs: 0,
    parameters: 0,
  },
  {
    config: { type: 'avg-pool2d', size: 2, divisor: 3 },
    input: [1, 4, 4],
    output: [1, 2, 2],
    macs: 0,
    parameters: 0,
  },
  { config: { type: 'pad2d', padding: 1 }, input: [2, 2, 3], output: [2, 4, 5], macs: 0, parameters: 0 },
  {
    config: { type: 'pad2d', padding: [1, 0], mode: 'replicate' },
    input: [1, 2, 3],
    output: [1, 4, 3],
    macs: 0,
    parameters: 0,
  },
  ...['reflect', 'circular'].map((mode) => ({
    config: {
      type: 'pad2d',
      padding: [
        [1, 2],
        [0, 1],
      ],
      mode,
    },
    input: [1, 3, 3],
    output: [1, 6, 4],
    macs: 0,
    parameters: 0,
  })),
  { config: { type: 'softplus', beta: 2, threshold: 3 }, input: [3], output: [3], macs: 0, parameters: 0 },
  { config: { type: 'global-avg-pool' }, input: [3, 2, 4], output: [3], macs: 0, parameters: 0 },
  { config: { type: 'batch-norm', features: 3 }, input: [3], output: [3], macs: 0, parameters: 6 },
  {
    config: { type: 'batch-norm', features: 2, affine: false },
    input: [2, 3, 2],
    output: [2, 3, 2],
    macs: 0,
    parameters: 0,
  },
  { config: { type: 'layer-norm', shape: 4 }, input: [2, 4], output: [2, 4], macs: 0, parameters: 8 },
  {
    config: { type: 'layer-norm', shape: [2, 3], affine: false },
    input: [2, 3],
    output: [2, 3],
    macs: 0,
    parameters: 0,
  },
  { config: { type: 'embedding', count: 5, size: 3 }, input: [2], output: [2, 3], macs: 0, parameters: 15 },
  {
    config: { type: 'position-embedding', count: 4, size: 3 },
    input: [2, 3],
    output: [2, 3],
    macs: 0,
    parameters: 12,
  },
  {
    config: { type: 'self-attention', width: 4, heads: 2 },
    input: [3, 4],
    output: [3, 4],
    macs: 4 * 3 * 4 * 4 + 2 * 2 * 3 * 3 * 2,
    parameters: 4 * (4 * 4 + 4),
  },
  {
    config: { type: 'self-attention', width: 3, heads: 2, headWidth: 1, causal: true, bias: false },
    input: [4, 3],
    output: [4, 3],
    macs: 4 * 4 * 3 * 2 + 2 * 2 * 4 * 4,
    parameters: 4 * 3 * 2,
  },
  {
    config: {
      type: 'self-attention',
      width: 4,
      heads: 4,
      headWidth: 6,
      keyValueHeads: 2,
      causal: true,
      bias: 'inputs',
      rotary: { base: 100, width: 4 },
      headNorm: 1e-5,
    },
    input: [3, 4],
    output: [3, 4],
    macs: 3 * 4 * (24 + 12 + 12 + 24) + 2 * 4 * 3 * 3 * 6,
    parameters: 4 * (24 + 12 + 12 + 24) + 48 + 12,
  },
  { config: { type: 'rms-norm', size: 4 }, input: [2, 4], output: [2, 4], macs: 0, parameters: 4 },
  {
    config: { type: 'feed-forward', width: 3, hidden: 4, activation: { type: 'gelu', approximate: 'tanh' } },
    input: [2, 3],
    output: [2, 3],
    macs: 2 * 2 * 12,
    parameters: 24 + 7,
  },
  {
    config: { type: 'feed-forward', width: 3, hidden: 4, activation: 'silu', gated: true, bias: false },
    input: [2, 3],
    output: [2, 3],
    macs: 2 * 3 * 12,
    parameters: 36,
  },
  {
    config: {
      type: 'transformer-block',
      attention: {
        type: 'residual',
        norm: { type: 'rms-norm', size: 4 },
        body: { type: 'self-attention', width: 4, heads: 2 },
      },
      feedForward: {
        type: 'residual',
        order: 'after',
        norm: { type: 'layer-norm', shape: 4 },
        body: { type: 'feed-forward', width: 4, hidden: 3 },
      },
    },
    input: [3, 4],
    output: [3, 4],
    macs: 4 * 3 * 4 * 4 + 2 * 2 * 3 * 3 * 2 + 2 * 3 * 12,
    parameters: 4 * (4 * 4 + 4) + 4 + 8 + 24 + 7,
  },
  { config: { type: 'dropout', p: 0.25 }, input: [3], output: [3], macs: 0, parameters: 0 },
  { config: { type: 'flatten' }, input: [2, 3], output: [6], macs: 0, parameters: 0 },
  ...smooth.map((type) => ({ config: { type }, input: [3], output: [3], macs: 0, parameters: 0 })),
  {
    config: {
      type: 'sequential',
      layers: [{ type: 'linear', in: 3, out: 2 }, { type: 'relu' }, { type: 'linear', in: 2, out: 1 }],
    },
    input: [3],
    output: [1],
    macs: 8,
    parameters: 11,
  },
  {
    config: { type: 'residual', body: { type: 'linear', in: 3, out: 3 } },
    input: [3],
    output: [3],
    macs: 9,
    parameters: 12,
  },
  {
    config: {
      type: 'residual',
      body: { type: 'linear', in: 3, out: 2 },
      shortcut: { type: 'linear', in: 3, out: 2, bias: false },
    },
    input: [3],
    output: [2],
    macs: 12,
    parameters: 14,
  },
];

const named = cases.map((each) => ({ title: `${JSON.stringify(each.config)} on [${each.input.join(', ')}]`, ...each }));
const batch = 3;

/** A batch for a layer; an embedding takes indices. */
function inputFor({ config, input }: Case): Tensor {
  const shape = [batch, ...input];
  if (config.type === 'embedding')
    return tensor(
      [
        [0, 4],
        [2, 2],
        [1, 3],
      ],
      { dtype: 'i32' },
    );
  return randn(shape, { dtype: 'f64', generator: new Generator(5) });
}

describe.each(named)('$title', (layer) => {
  const { config, input, output, macs, parameters } = layer;

  test('does what it says about shapes and counts', () => {
    const model = build(config, { seed: 1 });
    expect(model.forward(inputFor(layer).cast(config.type === 'embedding' ? 'i32' : 'f32')).shape).toEqual([
      batch,
      ...output,
    ]);
    const found = summary(model, input);
    expect([found.macs, found.parameters, found.outputShape]).toEqual([macs, parameters, output]);
    expect(found.rows.reduce((sum, row) => sum + row.parameters, 0)).toBe(parameters);
  });

  test('comes back from JSON with the same values', async () => {
    const model = build(config, { seed: 3 });
    const again = build(JSON.parse(JSON.stringify(model.config())) as ModuleConfig, { seed: 3 });
    expect(again.config()).toEqual(model.config());
    for (const [name, value] of model.state())
      await expectClose(again.state().get(name) ?? [], value, { absolute: 0, relative: 0 });
    expect([...again.state().keys()]).toEqual([...model.state().keys()]);
    const x = inputFor(layer).cast(config.type === 'embedding' ? 'i32' : 'f32');
    await expectClose(again.forward(x), model.forward(x), { absolute: 0, relative: 0 });
  });

  test.each([false, true])('has the gradients of finite differences (training: %s)', async (training) => {
    await withDevice(createReferenceDevice(`layer ${config.type}`), async () => {
      const model = build(config, { seed: 2, dtype: 'f64' });
      model.train(training);
      await checkGradients(model, inputFor(layer));
    });
  });
});

/** Central differences of a weighted sum of outputs, for every parameter and, where it is differentiable, the input. */
async function checkGradients(model: Module, x: Tensor): Promise<void> {
  const isFloat = x.dtype === 'f64';
  const leaf = isFloat ? x.requiresGradients() : x;
  const leaves = [...model.parameters().map((parameter) => parameter.tensor), ...(isFloat ? [leaf] : [])];
  const lossOf = (): Tensor => {
    // Dropout draws the same mask each time.
    model.seed(11);
    const y = model.forward(leaf);
    const weights = fromTyped(
      Float64Array.from({ length: y.size }, (_, index) => Math.sin(index + 1)),
      y.shape,
    );
    return y.mul(weights).sum();
  };
  const found = gradients(lossOf(), leaves);
  for (const [index, each] of leaves.entries()) {
    const start = each.dataSync() as Float64Array;
    const expected = Array.from(start, (value, position) => {
      const at = (moved: number): number => {
        each.assign(fromTyped(start.with(position, moved), each.shape));
        return lossOf().itemSync();
      };
      const step = 1e-5;
      const slope = (at(value + step) - at(value - step)) / (2 * step);
      at(value);
      return slope;
    });
    await expectClose(found[index]?.dataSync() ?? [], expected, { absolute: 1e-6, relative: 1e-6 });
  }
}

describe('layers', () => {
  test('are all covered here', () => {
    const covered = new Set(cases.map(({ config }) => config.type));
    expect(moduleTypes().filter((type) => !covered.has(type) && type !== 'test-scale')).toEqual([]);
  });

  test.each([
    [{ type: 'linear', in: 3, out: 4 }, [4], 'linear'],
    [{ type: 'conv2d', in: 3, out: 4, kernel: 3 }, [2, 5, 5], 'conv2d'],
    [{ type: 'conv2d', in: 3, out: 4, kernel: 3 }, [3, 2, 5], 'conv2d'],
    [{ type: 'max-pool2d', size: 2 }, [3], 'max-pool2d'],
    [{ type: 'pad2d', padding: 1 }, [3], 'pad2d'],
    [{ type: 'batch-norm', features: 2 }, [3, 2], 'batch-norm'],
    [{ type: 'layer-norm', shape: 3 }, [4], 'layer-norm'],
    [{ type: 'position-embedding', count: 2, size: 3 }, [3, 3], 'position-embedding'],
    [{ type: 'position-embedding', count: 2, size: 3 }, [2, 4], 'position-embedding'],
    [{ type: 'self-attention', width: 4, heads: 2 }, [3, 3], 'self-attention'],
    [{ type: 'rms-norm', size: 3 }, [4], 'rms-norm'],
    [{ type: 'feed-forward', width: 3, hidden: 2 }, [4], 'linear'],
    [{ type: 'global-avg-pool' }, [4], 'global-avg-pool'],
    [{ type: 'residual', body: { type: 'linear', in: 3, out: 4 } }, [3], 'residual'],
  ])('%j refuse examples of shape %j', (config, input, name) => {
    for (const refused of [() => build(config).forward(zeros([2, ...input])), () => summary(build(config), input)]) {
      expect(refused).toThrow(ShapeError);
      expect(refused).toThrow(name);
    }
  });
});

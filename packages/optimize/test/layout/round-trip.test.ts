/** What is saved and loaded is the same, to the last bit. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Adam, build, crossEntropy, fit, type Module, type ModuleConfig, type Parameter } from '@espalier/nn';
import { fromTyped, rand, randint, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  compress,
  copyModel,
  finetune,
  maskOf,
  materialize,
  packWeights,
  prune,
  quantizationOf,
  quantize,
  quantizeTensor,
  runRecipe,
  setMask,
  setQuantization,
  strip,
  unpackWeights,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { train, trained, validate } from '../helpers/blobs.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-round-trip-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

interface Architecture {
  readonly config: ModuleConfig;
  readonly input: () => Tensor;
}

const sequential = (...layers: readonly ModuleConfig[]): ModuleConfig => ({ type: 'sequential', layers });
const architectures: readonly Architecture[] = [
  {
    config: sequential({ type: 'linear', in: 9, out: 5 }, { type: 'relu' }, { type: 'linear', in: 5, out: 3 }),
    input: () => rand([4, 9]),
  },
  {
    config: sequential(
      { type: 'conv2d', in: 1, out: 3, kernel: 3 },
      { type: 'batch-norm', features: 3 },
      { type: 'flatten' },
      { type: 'linear', in: 48, out: 2 },
    ),
    input: () => rand([2, 1, 6, 6]),
  },
  {
    config: sequential(
      { type: 'embedding', count: 7, size: 4 },
      { type: 'flatten' },
      { type: 'linear', in: 12, out: 2 },
    ),
    input: () => randint(0, 7, [5, 3]),
  },
];

/** Values that formats are bad at: zeros of both signs, the tiny, the huge, and what rounds to 0 beside them. */
const weight = fc.oneof(
  fc.constantFrom(0, -0, 1e-30, -1e-30, 0.001, -0.001),
  fc.float({ min: Math.fround(-2), max: 2, noNaN: true }),
);

interface Treatment {
  readonly values: readonly number[];
  readonly mask: readonly boolean[] | undefined;
  readonly scales: 'channel' | 'tensor' | undefined;
}

const treatment = (size: number): fc.Arbitrary<Treatment> =>
  fc.record({
    values: fc.array(weight, { minLength: size, maxLength: size }),
    mask: fc.option(
      fc
        .tuple(
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: size, maxLength: size }),
        )
        .map(([share, draws]) => draws.map((draw) => draw < share)),
      { nil: undefined },
    ),
    scales: fc.constantFrom('channel', 'tensor', undefined),
  });

/** A parameter with any values, any mask, and any quantization. */
function treat(parameter: Parameter, { values, mask, scales }: Treatment): void {
  const { shape } = parameter.tensor;
  parameter.tensor.assign(fromTyped(Float32Array.from(values), shape).realizeSync());
  if (mask) setMask(parameter, Uint8Array.from(mask, Number));
  if (!scales) return;
  const count = scales === 'channel' ? (shape[0] ?? 1) : 1;
  setQuantization(
    parameter,
    'int8',
    Float32Array.from({ length: count }, (_, index) => 0.005 * (index + 1)),
  );
}

const model = fc.constantFrom(...architectures).chain(({ config, input }) => {
  const parameters = [...build(config).namedParameters()].filter(([, { tensor }]) => tensor.rank > 1);
  return fc.tuple(...parameters.map(([, { size }]) => treatment(size))).map((treatments) => {
    const made = build(config, { seed: 1 }).eval();
    for (const [index, [name]] of parameters.entries())
      treat(made.namedParameters().get(name) as Parameter, treatments[index] as Treatment);
    return { made, config, input };
  });
});

async function bits(tensor: Tensor): Promise<Uint32Array> {
  const { buffer, byteOffset, length } = (await tensor.data()) as Float32Array;
  return new Uint32Array(buffer, byteOffset, length);
}

/** All that a model is. */
async function stateOf(of: Module): Promise<unknown> {
  return Promise.all(
    [...of.namedParameters()].map(async ([name, parameter]) => [
      name,
      await bits(parameter.value),
      await maskOf(parameter)?.kept(),
      quantizationOf(parameter)?.scales,
      parameter.views.map((view) => view.name),
    ]),
  );
}

describe('a model with any mask and quantization', () => {
  test('comes back from its file with the same weights, masks, views and logits, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(model, async ({ made, config, input }) => {
        const [x, back] = [input(), build(config, { seed: 2 }).eval()];
        unpackWeights('memory', back, await packWeights(made));
        expect(await stateOf(back)).toEqual(await stateOf(made));
        expect(await bits(back.forward(x))).toEqual(await bits(made.forward(x)));
        const copy = await copyModel(made);
        expect(await stateOf(copy)).toEqual(await stateOf(made));
        expect((await packWeights(copy)).descriptions).toEqual((await packWeights(made)).descriptions);
      }),
      { numRuns: 60 },
    );
  });

  test('is trained on under the same masks, copied, saved and loaded', async () => {
    const made = await copyModel(await trained());
    const [name, parameter] = [...made.namedParameters()][0] as [string, Parameter];
    const values = Float32Array.from(await parameter.tensor.data());
    // Kept, and 0 or rounded to it.
    values.fill(0, 0, 40).fill(1e-6, 40, 80);
    parameter.tensor.assign(fromTyped(values, parameter.tensor.shape).realizeSync());
    setMask(
      parameter,
      Uint8Array.from(values, (_, index) => (index % 3 === 0 ? 0 : 1)),
    );
    const { model: rounded } = await runRecipe(made, [quantize()]);
    for (const of of [made, rounded]) {
      const kept = await maskOf(of.namedParameters().get(name) as Parameter)?.kept();
      await saveOptimized(join(root, 'kept zeros'), await copyModel(of));
      const { model: loaded } = await loadOptimized(join(root, 'kept zeros'));
      const { model: after } = await runRecipe(loaded, [finetune({ epochs: 2, batchSize: 64 })], { data: { train } });
      const back = after.namedParameters().get(name) as Parameter;
      expect(await maskOf(back)?.kept()).toEqual(kept);
      // What is kept can grow again.
      expect((await back.value.data()).slice(0, 80).some((value) => value !== 0)).toBe(true);
    }
  });

  test('a file of before, whose sparse layouts held no zeros, is read as it was meant', async () => {
    const { model: made } = await runRecipe(await trained(), [prune({ sparsity: 0.1, scope: 'local' })]);
    const packed = await packWeights(made);
    expect(Object.values(packed.descriptions)).toContainEqual(expect.objectContaining({ layout: 'dense' }));
    const back = await copyModel(await trained());
    unpackWeights('memory', back, packed);
    expect(await stateOf(back)).toEqual(await stateOf(made));
  });
});

describe('what a file cannot carry', () => {
  const viewed = async (): Promise<{ made: Module; parameter: Parameter }> => {
    const made = await copyModel(await trained());
    const parameter = made.namedParameters().get('0.weight') as Parameter;
    return { made, parameter };
  };

  test('is refused: a view of somebody else', async () => {
    const { made, parameter } = await viewed();
    parameter.views.push({ name: 'halve', apply: (tensor) => tensor.mul(0.5) });
    const refusal = /0\.weight has the view 'halve', which no file can hold/;
    await expect(saveOptimized(join(root, 'viewed'), made)).rejects.toThrow(refusal);
    await expect(packWeights(made)).rejects.toThrow(refusal);
    await expect(compress(made, { data: { validate }, goal: { maxDrop: 0.5 }, steps: [quantize()] })).rejects.toThrow(
      refusal,
    );
    await expect(materialize(parameter)).rejects.toThrow(/the parameter has the view 'halve'/);
    // Its remedy.
    const plain = await strip(made);
    expect(await bits((plain.namedParameters().get('0.weight') as Parameter).value)).toEqual(
      await bits(parameter.value),
    );
    await saveOptimized(join(root, 'viewed'), plain);
  });

  test('is refused: NaN under quantization, with the name of the tensor', async () => {
    const { made, parameter } = await viewed();
    const values = Float32Array.from(await parameter.tensor.data());
    for (const wrong of [NaN, Infinity, -Infinity]) {
      values[7] = wrong;
      parameter.tensor.assign(fromTyped(values, parameter.tensor.shape).realizeSync());
      for (const step of [quantize(), prune({ sparsity: 0.5 }), prune({ sparsity: 0.5, method: 'lamp' })])
        await expect(runRecipe(made, [step])).rejects.toThrow(new RegExp(`0\\.weight holds ${wrong} at 7`));
      await expect(quantizeTensor(parameter.tensor)).rejects.toThrow(new RegExp(`element 7 is ${wrong}`));
    }
    values[7] = NaN;
    parameter.tensor.assign(fromTyped(values, parameter.tensor.shape).realizeSync());
    setQuantization(parameter, 'int8', Float32Array.of(0.01));
    await expect(saveOptimized(join(root, 'diverged'), made)).rejects.toThrow(/0\.weight holds NaN/);
  });

  test('is carried where the format can: NaN and infinities under a mask', async () => {
    const { made, parameter } = await viewed();
    const values = Float32Array.from(await parameter.tensor.data());
    values.set([NaN, Infinity, -Infinity, -0, 0]);
    parameter.tensor.assign(fromTyped(values, parameter.tensor.shape).realizeSync());
    setMask(
      parameter,
      Uint8Array.from(values, (_, index) => (index < 100 ? 1 : 0)),
    );
    await saveOptimized(join(root, 'not finite'), made);
    expect(await stateOf((await loadOptimized(join(root, 'not finite'))).model)).toEqual(await stateOf(made));
  });

  test('is refused: another dtype than f32', async () => {
    for (const dtype of ['f16', 'f64'] as const) {
      const made = build({ type: 'linear', in: 4, out: 3 }, { seed: 1, dtype });
      await expect(runRecipe(made, [prune({ sparsity: 0.5 })])).rejects.toThrow(
        new RegExp(`weight is ${dtype}, and only f32`),
      );
      await expect(runRecipe(made, [quantize()])).rejects.toThrow(new RegExp(`weight is ${dtype}`));
      setMask(made.parameters()[0] as Parameter, new Uint8Array(12).fill(1));
      await expect(packWeights(made)).rejects.toThrow(new RegExp(`weight is ${dtype}; masks and codes`));
    }
  });
});

test('training that goes on by hand under rounding is saved as it computes', async () => {
  const { model: made } = await runRecipe(await trained(), [prune({ sparsity: 0.6 }), quantize()]);
  await fit(made, train, { loss: crossEntropy, optimizer: new Adam({ lr: 0.01 }), epochs: 1, batchSize: 64 });
  const { x } = await validate.batch([0, 1, 2, 3]);
  await saveOptimized(join(root, 'by hand'), made);
  const { model: loaded } = await loadOptimized(join(root, 'by hand'));
  expect(await stateOf(loaded)).toEqual(await stateOf(made));
  expect(await bits(loaded.forward(x))).toEqual(await bits(made.forward(x)));
});

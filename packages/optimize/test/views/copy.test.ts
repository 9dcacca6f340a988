import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  build,
  cloneModel,
  Linear,
  Sequential,
  StateError,
  type Module,
  type Parameter,
  type ParameterView,
} from '@espalier/nn';
import { saveModel } from '@espalier/nn/node';
import { tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  copyModel,
  finetune,
  maskOf,
  measureCost,
  prune,
  quantize,
  RecipeError,
  runRecipe,
  strip,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { classes, expectSameLogits, features, logitsOf, perceptron, train } from '../helpers/blobs.ts';

const weightOf = (model: Module): Parameter => model.namedParameters().get('0.weight') as Parameter;

/** A view of somebody else's, that halves a weight. */
class Half implements ParameterView {
  readonly name: string = 'half';
  readonly half: Tensor = tensor(0.5);
  readonly apply = (weight: Tensor): Tensor => weight.mul(this.half);
}

class CopiedHalf extends Half {
  readonly copy = (): CopiedHalf => new CopiedHalf();
}

describe('views of somebody else', () => {
  test('that cannot be copied are refused by name, in a copy and in a recipe', async () => {
    const model = build(perceptron(8), { seed: 1 });
    weightOf(model).views.push(new Half());
    for (const doing of [copyModel(model), runRecipe(model, [prune({ sparsity: 0.5 })])]) {
      await expect(doing).rejects.toThrow(RecipeError);
      await expect(doing).rejects.toThrow("the view 'half' of 0.weight cannot be copied");
    }
  });

  test('that can be are there, in their order, beside masks and quantization', async () => {
    const model = build(perceptron(8), { seed: 1 });
    weightOf(model).views.push(new CopiedHalf());
    const { model: small } = await runRecipe(model, [prune({ sparsity: 0.5 }), quantize()]);
    const copy = await copyModel(small);
    const names = weightOf(small).views.map(({ name }) => name);
    expect(names).toEqual(['mask', 'half', 'fake-quantize']);
    expect(weightOf(copy).views.map(({ name }) => name)).toEqual(names);
    expect(await logitsOf(copy)).toEqual(await logitsOf(small));
    // Nothing is shared: what becomes of one mask does not become of the other.
    maskOf(weightOf(copy))?.update(new Uint8Array(weightOf(copy).size));
    expect(await logitsOf(copy)).not.toEqual(await logitsOf(small));
  });

  test.each(['f16', 'bf16', 'f64'] as const)('are worked on in a plain copy of %s', async (dtype) => {
    const model = build(perceptron(8), { seed: 1, dtype });
    weightOf(model).views.push(new CopiedHalf());
    const plain = await strip(model);
    expect(weightOf(plain).tensor.dtype).toBe(dtype);
    expect(weightOf(plain).views).toEqual([]);
    expect(await weightOf(plain).tensor.bytes()).toEqual(await weightOf(model).value.cast(dtype).bytes());
  });

  test('are refused by a file of plain values', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-views-'));
    const model = build(perceptron(8), { seed: 1 });
    weightOf(model).views.push(new CopiedHalf());
    await expect(saveModel(folder, model)).rejects.toThrow(StateError);
    await expect(saveModel(folder, model)).rejects.toThrow('the views of 0.weight (half)');
    await rm(folder, { recursive: true });
  });
});

test('what is frozen stays frozen in every copy and file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-frozen-'));
  const model = build(perceptron(8), { seed: 1 });
  weightOf(model).trainable = false;
  const { model: small } = await runRecipe(model, [prune({ sparsity: 0.5 })]);
  await saveOptimized(folder, small);
  const { model: loaded } = await loadOptimized(folder);
  await rm(folder, { recursive: true });
  for (const copy of [await cloneModel(model), await copyModel(model), await strip(model), small, loaded])
    expect([...copy.namedParameters()].flatMap(([name, { trainable }]) => (trainable ? [] : [name]))).toEqual([
      '0.weight',
    ]);
});

describe('a layer that is used twice', () => {
  const model = (): Module => {
    const layer = new Linear({ in: 8, out: 8 });
    const first = build({ type: 'linear', in: features, out: 8 }, { seed: 1 });
    return new Sequential([
      first,
      layer,
      build({ type: 'relu' }),
      layer,
      build({ type: 'linear', in: 8, out: classes }),
    ]);
  };

  test('is pruned, quantized, trained, copied and saved once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-twice-'));
    const steps = [prune({ sparsity: 0.5, scope: 'local' }), finetune({ epochs: 1 }), quantize({ calibrate: true })];
    const { model: small, records } = await runRecipe(model(), steps, { data: { train }, loss: 'cross-entropy' });
    expect(Object.keys(records[0]?.details as object)).toEqual(['0.weight', '1.weight', '4.weight']);
    const shared = small.namedParameters().get('1.weight');
    const all = small.namedParameters({ repeated: true });
    expect(all.get('3.weight')).toBe(shared);
    expect(shared?.views.map(({ name }) => name)).toEqual(['mask', 'fake-quantize']);
    const { parameters, macs } = await measureCost(small, { inputShape: [features], latency: false });
    expect([parameters, macs]).toEqual([136 + 72 + 36, 128 + 64 + 64 + 32]);
    const copy = await copyModel(small);
    await saveOptimized(folder, small);
    const { model: loaded } = await loadOptimized(folder);
    for (const each of [copy, loaded]) {
      expect([...each.namedParameters().keys()]).toEqual([...small.namedParameters().keys()]);
      expect(each.namedParameters({ repeated: true }).get('3.weight')).toBe(each.namedParameters().get('1.weight'));
      expectSameLogits(await logitsOf(each), await logitsOf(small));
    }
    await rm(folder, { recursive: true });
  });
});

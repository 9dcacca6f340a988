import {
  Adam,
  build,
  cloneModel,
  crossEntropy,
  evaluate,
  fit,
  huber,
  loss,
  lossTypes,
  meanLoss,
  mse,
  tensorDataset,
  trainedBy,
  type Dataset,
  type LossFunction,
  type Module,
} from '@espalier/nn';
import { Generator, rand } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  cluster,
  distill,
  finetune,
  parseRecipe,
  prune,
  quantize,
  runRecipe,
  shrink,
  together,
  type Step,
} from '../../src/index.ts';
import { trained } from '../helpers/blobs.ts';

/** Two numbers that follow from four. */
function numbers(seed: number): Dataset {
  const x = rand([256, 4], { generator: new Generator(seed) });
  const y = x
    .narrow(1, 0, 2)
    .mul(3)
    .sub(x.narrow(1, 2, 2));
  return tensorDataset(x, y.realizeSync());
}

const [train, validate] = [numbers(1), numbers(2)];
const regression = {
  type: 'sequential',
  layers: [{ type: 'linear', in: 4, out: 16 }, { type: 'relu' }, { type: 'linear', in: 16, out: 2 }],
};

async function regressor(by: LossFunction = mse): Promise<Module> {
  const model = build(regression, { seed: 1 });
  await fit(model, train, { loss: by, optimizer: new Adam({ lr: 0.01 }), epochs: 30, batchSize: 32 });
  return model;
}

const lossOf = async (model: Module): Promise<number> =>
  (await evaluate(model, validate, { value: meanLoss(mse) })).value;

const quick = { epochs: 4, batchSize: 32, optimizer: { type: 'adam', lr: 0.003 } };

describe('a regression model', () => {
  test.each<[string, readonly Step[]]>([
    ['finetune', [finetune(quick)]],
    ['prune', [prune({ sparsity: 0.2, train: quick })]],
    ['gradual prune', [prune({ sparsity: 0.2, schedule: 'cubic', train: quick })]],
    ['distill', [distill({ train: quick })]],
    ['prune and distill together', [together(prune({ sparsity: 0.2, schedule: 'linear' }), distill({ train: quick }))]],
    ['finetune after quantize', [quantize(), finetune(quick)]],
    ['prune by what the loss says', [prune({ sparsity: 0.2, method: 'taylor', train: quick })]],
    ['training under rounding', [quantize({ activations: 'static', train: quick })]],
    ['training under rounding with a teacher', [together(quantize({ weights: 'int4' }), distill({ train: quick }))]],
    ['shared values', [cluster({ train: quick })]],
    ['fewer units', [shrink({ ratio: 0.2, method: 'taylor', train: quick })]],
  ])('stays one: %s', async (_, steps) => {
    const model = await regressor();
    const { model: made, records } = await runRecipe(model, steps, { data: { train } });
    expect(await lossOf(made)).toBeLessThan(2 * (await lossOf(model)) + 0.01);
    expect(trainedBy(made)).toBe(mse);
    expect(records.at(-1)?.training).toMatchObject({ loss: 'mse', epochs: 4, steps: 32, batchSize: 32 });
  });

  test('a student learns from its answers', async () => {
    const student = { ...regression };
    const steps = [distill({ student, alpha: 1, train: { ...quick, epochs: 60, loss: 'huber' } })];
    const { model, records } = await runRecipe(await regressor(), steps, { data: { train } });
    expect(await lossOf(model)).toBeLessThan(0.05);
    expect(records[0]?.summary).toMatch(/with 114, huber to its answers, α = 1 for 60 epochs$/);
  });

  test('has no classes that a temperature could soften', async () => {
    const steps = [distill({ temperature: 2, train: quick })];
    await expect(runRecipe(await regressor(), steps, { data: { train } })).rejects.toThrow(
      /a temperature softens classes, and the task's loss is mse/,
    );
  });
});

describe('which loss a pass trains by', () => {
  const used = async (model: Module, steps: readonly Step[], given?: string | LossFunction): Promise<unknown> => {
    const options = { data: { train }, ...(given !== undefined && { loss: given }) };
    return (await runRecipe(model, steps, options)).records.map(({ training }) => training?.loss);
  };

  test('the pass, then the caller, then the training that made the model', async () => {
    const model = await regressor();
    expect(await used(model, [finetune(quick)])).toEqual(['mse']);
    expect(await used(model, [finetune(quick)], 'l1')).toEqual(['l1']);
    expect(await used(model, [finetune(quick)], huber)).toEqual(['huber']);
    expect(await used(model, [finetune({ ...quick, loss: 'huber' })], 'l1')).toEqual(['huber']);
    expect(await used(model, [finetune({ ...quick, loss: 'huber' }), finetune(quick)])).toEqual(['huber', 'huber']);
  });

  test('a clone knows it, and a model that no pass trained', async () => {
    const model = await cloneModel(await regressor());
    const { model: pruned } = await runRecipe(model, [prune({ sparsity: 0.5 })]);
    expect(await used(pruned, [finetune(quick)])).toEqual(['mse']);
  });

  test('a function of one’s own is used as it is', async () => {
    const own: LossFunction = (output, target) => mse(output, target).mul(2);
    const model = await regressor(own);
    expect(await used(model, [finetune(quick)])).toEqual([null]);
    await expect(used(model, [distill({ train: quick })])).rejects.toThrow(/a function that only its author knows/);
  });

  test('a model that nothing is known of is refused before anything is done', async () => {
    const model = build(regression, { seed: 1 });
    const before = await model.parameters()[0]?.tensor.data();
    for (const step of [
      finetune(quick),
      prune({ sparsity: 0.5, train: quick }),
      distill({ train: quick }),
      together(prune({ sparsity: 0.5 }), finetune(quick)),
    ])
      await expect(used(model, [prune({ sparsity: 0.1 }), step])).rejects.toThrow(
        /^steps\[1\]: .* needs a loss, and nothing says which: .* give loss, one of cross-entropy, mse/,
      );
    expect(await model.parameters()[0]?.tensor.data()).toEqual(before);
    // What trains nothing needs none.
    expect(await used(model, [prune({ sparsity: 0.5 }), quantize()])).toEqual([undefined, undefined]);
  });

  test('classes are still learned by cross-entropy', async () => {
    expect(trainedBy(await trained())).toBe(crossEntropy);
    expect(lossTypes.map(loss)).toContain(crossEntropy);
  });

  test.each([
    [[{ type: 'finetune', loss: 'crossentropy' }], /loss is "crossentropy"; it must be one of cross-entropy, mse/],
    [[{ type: 'prune', sparsity: 0.5, train: { epocs: 3 } }], /prune\.train: 'epocs' is no option/],
    [
      [{ type: 'distill', train: { epochs: -1 } }],
      /distill\.train: epochs is -1; it must be a whole number of at least 0/,
    ],
    [[{ type: 'finetune', batchSize: 0.5 }], /batchSize is 0.5/],
    [[{ type: 'finetune', optimizer: { type: 'adamm' } }], /adamm/],
    [[{ type: 'finetune', schedule: 'cosin' }], /cosin/],
  ])('%j is refused', (recipe, message) => {
    expect(() => parseRecipe(recipe)).toThrow(message);
  });
});

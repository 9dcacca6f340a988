// How much classes count in training: by what is learnt from, by names, and refused where there are none.
import { classWeightsOf, crossEntropy, subset, tensorDataset, type Dataset } from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import type { ClassWeights } from '../src/data/class-weights.ts';
import type { Data } from '../src/data/source.ts';
import { checkClassWeights, checkPipeline, UsageError } from '../src/index.ts';
import { learningLoss } from '../src/jobs/learning-loss.ts';
import { taskNamed } from '../src/task/task.ts';
import '../src/node/index.ts';
import { tokenNames } from '../src/node/text/open-text.ts';

const labels = [0, 0, 0, 1, 0, 0, 2, 1];
const train = tensorDataset(tensor(labels.map((label) => [label])), tensor(labels, { dtype: 'i32' }));
const data: Data = { train, test: train, input: [1], classes: 4, classNames: ['no', 'maybe', 'yes', 'never'] };
const task = taskNamed('classification');

const weightsOf = async (use: ClassWeights | undefined, own: Dataset = train, of: Data = data) =>
  classWeightsOf(await learningLoss(task, of, own, use));

describe('class weights', () => {
  test('that are balanced follow from the examples that are learnt from, and no others', async () => {
    // n / (classes · examples of the class): 8 / (3 · 5), 8 / (3 · 2), 8 / 3; of what is not there nothing is learnt.
    expect(await weightsOf('balanced')).toEqual([8 / 15, 8 / 6, 8 / 3, 1]);
    expect(await weightsOf('balanced', subset(train, [0, 1, 3]))).toEqual([3 / 4, 3 / 2, 1, 1]);
    expect(await weightsOf('balanced', train, { ...data, classCounts: [30, 10, 0, 0] })).toEqual([40 / 60, 2, 1, 1]);
  });

  test('count every place of a sequence', async () => {
    const tokens = tensor([[0, 1, 1], [1, 3, 1]], { dtype: 'i32' }); // prettier-ignore
    const text = tensorDataset(tokens, tokens);
    const said = await learningLoss(taskNamed('next-token'), { ...data, train: text }, text, 'balanced');
    expect(classWeightsOf(said)).toEqual([6 / 3, 6 / 12, 1, 6 / 3]);
  });

  test('by name leave the others at 1; without any the loss is the plain one', async () => {
    expect(await weightsOf({ yes: 5, never: 0.5 })).toEqual([1, 1, 5, 0.5]);
    expect(await learningLoss(task, data, train, undefined)).toBe(crossEntropy);
    const { classNames: _, ...numbered } = data;
    expect(await weightsOf({ 2: 5 }, train, numbered)).toEqual([1, 1, 5, 1]);
  });

  test('are refused for classes that there are not, and where there are none', async () => {
    expect(() => checkClassWeights({ yess: 2 }, data.classNames)).toThrow(/no class 'yess': did you mean 'yes'/);
    expect(() => checkClassWeights('balanced', undefined)).toThrow(UsageError);
    await expect(weightsOf({ other: 1 })).rejects.toThrow(UsageError);
    const numbers = { ...data, classes: undefined, targets: 1 } as unknown as Data;
    for (const name of ['regression', 'labels'])
      await expect(learningLoss(taskNamed(name), numbers, train, 'balanced')).rejects.toThrow(/has no classes/);
  });

  test('of texts are called by the text of their token', () => {
    const names = tokenNames({ pairs: [[116, 104], [256, 101]] }); // prettier-ignore
    expect([names[97], names[256], names[257], names[0xe2]]).toEqual(['a', 'th', 'the', '0xe2']);
    expect(new Set(names).size).toBe(258);
  });

  test('of a pipeline are looked at before anything is begun', () => {
    const pipeline = (classWeights: unknown) => ({
      name: 'weights',
      seed: 1,
      stages: [],
      rows: [],
      data: { source: 'mnist', validation: 1, classWeights } as never,
    });
    for (const right of ['balanced', { a: 2 }]) expect(() => checkPipeline(pipeline(right))).not.toThrow();
    for (const wrong of ['none', 'heavy', {}, { a: 0 }, { a: '2' }, [1, 2], null])
      expect(() => checkPipeline(pipeline(wrong))).toThrow(/data\.classWeights/);
  });
});

import { crossEntropy, evaluate, f1, meanLoss, mse, tensorDataset, build, subset } from '@espalier/nn';
import { Generator, rand, randint } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { copyModel, measureCost, parseGoal, prune, quantize, registerMetric, runRecipe } from '../../src/index.ts';
import { goalMetric, type GoalMetric } from '../../src/goal/metric.ts';
import { joined, Scorer } from '../../src/goal/score.ts';
import { judgeCost, judgeLatency, judgeQuality, shortfall, together, type Goal } from '../../src/goal/verdict.ts';
import { accuracyOf, features, trained, validate } from '../helpers/blobs.ts';

const goalOf = (text: string): Goal => {
  const clause = parseGoal(text);
  return { clause, metric: goalMetric(clause.metric) as GoalMetric };
};

async function verdict(text: string, sparsity: number): Promise<ReturnType<typeof judgeQuality>> {
  const base = await trained();
  const { model } = await runRecipe(base, [prune({ sparsity })]);
  const goal = goalOf(text);
  const scorer = await Scorer.of(validate, [goal.metric], { base, loss: crossEntropy });
  const [was, is] = [await scorer.score(base, 0, validate.size), await scorer.score(model, 0, validate.size)];
  return judgeQuality(goal, scorer, { base: was, model: is });
}

describe('a verdict on a quality', () => {
  test('has the value of the metric itself, and holds only if the whole interval does', async () => {
    const { model } = await runRecipe(await trained(), [prune({ sparsity: 0.8 })]);
    const of = async (text: string): Promise<number> => (await verdict(text, 0.8)).value;
    expect(await of('accuracy>=base-1pp')).toBe(await accuracyOf(model));
    const known = await evaluate(model, validate, { f: f1(), loss: meanLoss(crossEntropy) });
    expect(await of('macro-f1>=base-1pp')).toBeCloseTo(known.f, 9);
    expect(await of('loss<=base')).toBeCloseTo(known.loss, 5);
    expect(await of('perplexity<=base')).toBeCloseTo(Math.exp(known.loss), 4);
    expect(await of('agreement>=50%')).toBeGreaterThan(0.5);
  });

  test.each(['accuracy', 'macro-f1', 'agreement'])(
    '%s: the same model holds, a broken one fails, and what is near is unsure',
    async (metric) => {
      expect((await verdict(`${metric}>=base-2pp`, 0)).verdict).toBe('holds');
      const broken = await verdict(`${metric}>=base-2pp`, 0.99);
      expect(broken.verdict).toBe('fails');
      expect(broken.margin).toBeLessThan(0);
      const near = await verdict(`${metric}>=base`, 0);
      expect(near).toMatchObject({ value: near.base, margin: 0, bound: near.base });
    },
  );

  test('a share of few examples that are all alike is not sure, and no share is out of 0 and 1', async () => {
    const base = await trained();
    const few = subset(validate, [0, 1, 2, 3, 4, 5, 6, 7]);
    const goal = goalOf('macro-f1>=base-5pp');
    const scorer = await Scorer.of(few, [goal.metric], { base, loss: crossEntropy });
    const scores = await scorer.score(base, 0, few.size);
    expect(judgeQuality(goal, scorer, { base: scores, model: scores })).toMatchObject({ verdict: 'unsure' });
    for (const text of ['macro-f1>=base-2pp', 'accuracy>=base-2pp', 'agreement>=50%'])
      for (const sparsity of [0, 0.8, 0.99]) {
        const { low, high } = await verdict(text, sparsity);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
      }
  });

  test('of a loss less is better', async () => {
    expect((await verdict('loss<=base*1.02', 0)).verdict).toBe('holds');
    const broken = await verdict('loss<=base*1.02', 0.99);
    expect(broken.verdict).toBe('fails');
    expect(broken.bound).toBeCloseTo(1.02 * broken.base, 12);
    expect(broken.low).toBeGreaterThan(broken.bound);
  });

  test('an absolute floor is judged without the model as given', async () => {
    const value = await accuracyOf(await trained());
    const { low, high, bound } = await verdict('accuracy>=50%', 0);
    expect(bound).toBe(0.5);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });

  test('numbers: r², root mean square and absolute errors', async () => {
    const x = rand([300, features]);
    const data = tensorDataset(x, x.narrow(1, 0, 1).mul(3));
    const base = build({ type: 'linear', in: features, out: 1 }, { seed: 3 });
    const metrics = ['r2', 'rmse', 'mae'].map((name) => goalMetric(name) as GoalMetric);
    const scorer = await Scorer.of(data, metrics, { base, loss: mse });
    const { blocks } = await scorer.score(base, 0, 300);
    const { loss } = await evaluate(base, data, { loss: meanLoss(mse) });
    const y = Array.from(await (await data.batch(Array.from({ length: 300 }, (_, index) => index))).y.data());
    const mean = y.reduce((sum, each) => sum + each, 0) / 300;
    const spread = y.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 300;
    expect(scorer.value('rmse', blocks.get('rmse') ?? [])).toBeCloseTo(Math.sqrt(loss), 5);
    expect(scorer.value('r2', blocks.get('r2') ?? [])).toBeCloseTo(1 - loss / spread, 4);
  });

  test('two parts of the examples are as all of them', async () => {
    const base = await trained();
    const scorer = await Scorer.of(validate, [goalOf('accuracy>=base').metric, goalOf('loss<=base').metric], {
      base,
      loss: crossEntropy,
    });
    const parts = joined(await scorer.score(base, 0, 100), await scorer.score(base, 100, 400));
    const whole = await scorer.score(base, 0, 400);
    expect(parts.hits).toEqual(whole.hits);
    expect(scorer.value('loss', parts.blocks.get('loss') ?? [])).toBeCloseTo(
      scorer.value('loss', whole.blocks.get('loss') ?? []),
      6,
    );
    expect(await accuracyOf(base, subset(validate, [0, 1, 2]))).toBe(
      [...(whole.hits.get('accuracy') ?? [])].slice(0, 3).reduce((a, b) => a + b) / 3,
    );
  });

  test('of sequences: the share of places that are right, and beside it what else is asked for', async () => {
    const x = randint(0, 5, [60, 4], { generator: new Generator(3) });
    const data = tensorDataset(x, x.mul(3).add(1).remainder(5).cast('i32'));
    const layers = [
      { type: 'embedding', count: 5, size: 6 },
      { type: 'linear', in: 6, out: 5 },
    ];
    const base = build({ type: 'sequential', layers }, { seed: 4 });
    const goals = ['accuracy>=base', 'perplexity<=base'].map(goalOf);
    const scorer = await Scorer.of(
      data,
      goals.map(({ metric }) => metric),
      { base, loss: crossEntropy },
    );
    const scores = await scorer.score(base, 0, 60);
    const { x: inputs, y } = await data.batch(Array.from({ length: 60 }, (_, index) => index));
    const right = base.call(inputs).argmax(-1).cast('i32').eq(y).cast('f32').mean();
    const { loss } = await evaluate(base, data, { loss: meanLoss(crossEntropy) });
    const [accuracy, perplexity] = goals.map((goal) => judgeQuality(goal, scorer, { base: scores, model: scores }));
    expect(accuracy?.value).toBeCloseTo((await right.data())[0] as number, 6);
    expect(perplexity?.value).toBeCloseTo(Math.exp(loss), 4);
  });

  test('targets that are not one for each output are refused', async () => {
    const base = await trained();
    const { x, y } = await validate.batch([0, 1, 2, 3]);
    const data = tensorDataset(x, y.reshape(-1, 1));
    const scorer = await Scorer.of(data, [goalOf('accuracy>=base').metric], { base, loss: crossEntropy });
    await expect(scorer.score(base, 0, 4)).rejects.toThrow(/accuracy: outputs .* are not one class for each example/);
  });

  test('a metric of somebody else, less of which is better', async () => {
    registerMetric({ type: 'own-loss', targets: 'classes', metric: meanLoss(crossEntropy) });
    expect((await verdict('own-loss<=base*1.02', 0.99)).verdict).toBe('fails');
  });
});

test('a cost holds or fails', async () => {
  const base = await trained();
  const { model } = await runRecipe(base, [quantize()]);
  const [was, is] = await Promise.all(
    [base, model].map((each) => measureCost(each, { inputShape: [features], latency: false })),
  );
  if (!was || !is) throw new Error('no costs');
  expect(judgeCost(goalOf('bytes<=base/2'), was, is)).toMatchObject({
    verdict: 'holds',
    value: is.bytes,
    bound: was.bytes / 2,
    low: is.bytes,
  });
  expect(judgeCost(goalOf('bytes<=100B'), was, is).verdict).toBe('fails');
  expect(judgeCost(goalOf('macs<=base'), was, is)).toMatchObject({ verdict: 'holds', margin: 0 });
  expect((await copyModel(base)).config()).toEqual(base.config());
});

test('a latency is judged by the interval of the ratio', () => {
  const latency = { medianMs: 1, device: 'cpu' } as never;
  const compared = (ratio: number, low: number, high: number | null) =>
    ({
      baseline: { medianMs: 2, device: 'cpu' } as never,
      latency,
      ratio,
      low,
      high,
      blocks: 9,
      verdict: 'faster',
    }) as const;
  expect(judgeLatency(goalOf('latency<=base/2'), compared(0.4, 0.35, 0.45)).verdict).toBe('holds');
  expect(judgeLatency(goalOf('latency<=base/2'), compared(0.5, 0.45, 0.55)).verdict).toBe('unsure');
  expect(judgeLatency(goalOf('latency<=base/2'), compared(0.4, 0, null)).verdict).toBe('unsure');
  expect(judgeLatency(goalOf('latency<=1ms'), compared(0.7, 0.6, 0.8)).verdict).toBe('fails');
});

test('goals together fail if one does, and miss by all that is missed', () => {
  const [a, b] = [
    { verdict: 'holds', margin: 1, bound: 2 },
    { verdict: 'unsure', margin: -1, bound: 4 },
  ] as never[];
  expect(together([a as never])).toBe('holds');
  expect(together([a, b] as never)).toBe('unsure');
  expect(shortfall([a, b] as never)).toBe(0.25);
});

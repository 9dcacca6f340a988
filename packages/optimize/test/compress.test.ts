import { describe, expect, test } from 'vitest';
import {
  compress,
  distill,
  formatReport,
  prune,
  quantize,
  reportJson,
  together,
  type BudgetState,
  type CompressionReport,
  type CompressOptions,
} from '../src/index.ts';
import { accuracyOf, logitsOf, test as held, train, trained, validate } from './helpers/blobs.ts';

const quick = { epochs: 1, batchSize: 64 };
const options: CompressOptions = {
  data: { train, validate, test: held },
  goal: { maxDrop: 0.02, maxTrials: 5 },
  steps: [
    together(prune({ sparsity: 0.95, schedule: 'cubic', train: quick }), distill({ temperature: 2 })),
    quantize(),
  ],
  seed: 4,
  latency: { maxMs: 5, warmUp: 1, warmUpMs: 0 },
};

describe('compress', () => {
  test('finds a smaller model that keeps the floor, and reports both', async () => {
    const model = await trained();
    const before = await logitsOf(model);
    const { model: small, report } = await compress(model, options);
    expect(await logitsOf(model)).toEqual(before);
    expect(report.after.validation.value).toBe(await accuracyOf(small));
    expect(report.after.validation.value).toBeGreaterThanOrEqual(report.before.validation.value - 0.02);
    expect(report.after.test?.value).toBe(await accuracyOf(small, held));
    expect(report.after.cost.bytes).toBeLessThan(report.before.cost.bytes);
    expect(report.after.cost.nonZeros).toBeLessThan(report.before.cost.nonZeros);
    expect(report.after.cost.macs).toBe(report.before.cost.macs);
    expect(report.trials.length).toBeLessThanOrEqual(5);
    expect(report.records.map(({ config }) => config.type)).toEqual(['prune', 'distill', 'quantize']);
    expect(report.after.cost.perParameter[0]?.kernel?.kernel).toBe('dense');
    expect(report.notes).toContainEqual(
      expect.stringMatching(
        /^Stored in a format and computed dense, .*0\.weight \(\d+\.\d times faster at density 0\.\d\d ≥ crossover 0\.\d\d: \d.*own \d/u,
      ),
    );
    expect(reportJson(report)).toEqual(JSON.parse(JSON.stringify(report)));
  });

  test('the test split decides nothing', async () => {
    const model = await trained();
    const { test: _, ...data } = options.data;
    const [a, b] = [await compress(model, options), await compress(model, { ...options, data })];
    expect(b.report.after.test).toBeUndefined();
    expect(b.report.trials).toEqual(a.report.trials);
    expect(await logitsOf(b.model)).toEqual(await logitsOf(a.model));
  });

  test('goes on from an interruption to the same end', async () => {
    const model = await trained();
    const whole = await compress(model, options);
    let state: BudgetState | undefined;
    const signal = { aborted: false };
    const onTrial = (_: unknown, now: BudgetState): void => {
      state = now;
      signal.aborted = true;
    };
    expect((await compress(model, { ...options, signal, onTrial })).report.stop).toBe('aborted');
    if (!state) throw new Error('no state');
    const again = await compress(model, { ...options, state: JSON.parse(JSON.stringify(state)) as BudgetState });
    expect(again.report.trials).toEqual(whole.report.trials);
    expect(await logitsOf(again.model)).toEqual(await logitsOf(whole.model));
  });

  test('a limit on bytes ends the search when it is met', async () => {
    const { report } = await compress(await trained(), {
      ...options,
      goal: { maxDrop: 0.5, bytes: '<= 1.5 kB' },
      steps: [prune({ sparsity: 0.9 })],
    });
    expect(report.stop).toBe('met');
    expect(report.after.cost.bytes).toBeLessThanOrEqual(1500);
  });

  test('a recipe without a knob is carried out once', async () => {
    const { report } = await compress(await trained(), {
      ...options,
      goal: { maxDrop: 0.1, bytes: 10 },
      steps: [quantize()],
    });
    expect(report.stop).toBe('single');
    expect(report.reason).toBe('the recipe has nothing to turn, and misses the goal in bytes');
  });

  test.each<[Partial<CompressOptions>, RegExp]>([
    [{ goal: {} }, /neither maxDrop nor min/],
    [{ goal: { maxDrop: 2 } }, /maxDrop: is 2/],
    [{ goal: { maxDrop: 0.1, bytes: 'few' } }, /goal\.bytes: "few" is no limit/],
    [{ goal: { maxDrop: 0.1, size: 3 } as never }, /size: is not part of a goal/],
    [{ data: { validate } }, /prune needs data for training/],
    [{ steps: [quantize()], knob: { low: 0.1 } }, /no pass of the recipe has one to turn/],
  ])('%j is refused', async (changes, message) => {
    await expect(compress(await trained(), { ...options, ...changes })).rejects.toThrow(message);
  });
});

test('a report reads as plain text', () => {
  const cost = {
    parameters: 12_345,
    nonZeros: 12_345,
    macs: 5000,
    bytes: 50_000,
    memoryBytes: 49_000,
    perParameter: [],
  };
  const report: CompressionReport = {
    goal: { maxDrop: 0.01 },
    recipe: [],
    seed: 0,
    stop: 'met',
    reason: 'the floor and every limit are kept at 0.9',
    before: {
      name: 'before',
      cost,
      validation: {
        metric: 'accuracy',
        value: 0.99,
        interval: { value: 0.99, low: 0.981, high: 0.995 },
        examples: 500,
      },
    },
    after: {
      name: 'after',
      cost: { ...cost, nonZeros: 1234, bytes: 987 },
      validation: { metric: 'accuracy', value: 0.985, examples: 500 },
    },
    records: [{ config: { type: 'prune' }, summary: 'drop 9 of 10 weights', details: {} }],
    trials: [],
    front: [],
    notes: ['It did not get faster.'],
  };
  expect(formatReport(report)).toBe(
    [
      'model     validation accuracy  parameters  non-zeros    bytes   MACs',
      'before  99.00 % (98.10–99.50)      12,345     12,345  50.0 kB  5,000',
      'after                 98.50 %      12,345      1,234    987 B  5,000',
      '',
      'Ended because the floor and every limit are kept at 0.9.',
      '- drop 9 of 10 weights',
      '',
      'It did not get faster.',
    ].join('\n'),
  );
});

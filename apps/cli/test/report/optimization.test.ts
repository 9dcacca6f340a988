import { describe, expect, test } from 'vitest';
import type { OptimizationReport } from '@espalier/optimize';
import { optimizationPage } from '../../src/report/html/optimization-page.ts';
import { formatMetric, optimizationText } from '../../src/report/optimization-text.ts';
import { FakeStream } from '../helpers/fake-stream.ts';

const cost = {
  parameters: 266_610,
  nonZeros: 266_610,
  macs: 266_200,
  bytes: 1_066_888,
  memoryBytes: 1_066_440,
  perParameter: [],
};
const held = { metric: 'accuracy', examples: 6667, base: 0.98, bound: 0.978 };

const report: OptimizationReport = {
  goals: [
    {
      ...held,
      goal: 'accuracy>=base-0.2pp',
      verdict: 'holds',
      value: 0.9812,
      low: 0.9791,
      high: 0.9833,
      margin: 0.0032,
      worst: 0.0011,
    },
  ],
  claim: 'holds',
  minimize: 'bytes',
  seed: 7,
  stop: 'exhausted',
  reason: 'there was nothing left to try after 9 recipes',
  before: {
    name: 'before',
    cost: { ...cost, latency: { medianMs: 0.08 } as never },
    validation: { metric: 'accuracy', value: 0.98, examples: 10_000 },
  },
  after: {
    name: 'after',
    cost: { ...cost, nonZeros: 22_000, bytes: 26_672, latency: { medianMs: 0.06 } as never },
    validation: { metric: 'accuracy', value: 0.981, examples: 10_000 },
    latencyRatio: { ratio: 0.75, low: 0.7, high: 0.8, blocks: 40, verdict: 'faster' },
  },
  layers: [
    {
      name: '1.weight',
      shape: [300, 784],
      sparsity: 0.95,
      bits: 0.62,
      layout: 'csr',
      format: 'int8',
      bytes: 18_300,
      before: { shape: [300, 784], bytes: 940_800 },
      error: 0.33,
      microseconds: { dense: 36.6, own: 20.1 },
    },
    {
      name: '1.bias',
      shape: [300],
      sparsity: 0,
      bits: 32,
      layout: 'dense',
      format: 'float32',
      bytes: 1200,
      before: { shape: [300], bytes: 1200 },
    },
  ],
  recipe: [{ type: 'prune', sparsity: 0.9 }],
  records: [{ config: { type: 'prune' }, summary: 'drop 9 of 10 <weights>', details: {} }],
  trials: [0, 1, 2].map((number) => ({
    number,
    family: ['as given', 'int8', 'gradual'][number] as string,
    values: {},
    recipe: [],
    searched: [],
    quality: {
      ...held,
      goal: '',
      verdict: 'holds',
      value: 0.98 - number / 1000,
      low: 0.975,
      high: 0.985,
      margin: 0,
      worst: null,
    },
    cost: [1_066_888, 270_128, 26_672][number] as number,
    seconds: 3,
  })),
  axes: { cost: 'bytes', quality: 'accuracy' },
  front: [
    { trial: 2, family: 'gradual', cost: 26_672, quality: 0.978, low: 0.975, high: 0.985, claim: 'holds' },
    { trial: 0, family: 'as given', cost: 1_066_888, quality: 0.98, low: null, high: null, claim: 'unsure' },
  ],
  unhelpful: ['int8: keeps the goals at 10.13 times the cost of the best.'],
  notes: ['It takes as much memory as before when it runs: 1.07 MB.'],
  seconds: 125,
};

describe('the report of optimize', () => {
  test('as text has every verdict with its interval, both models, the weights and what did not help', () => {
    const text = optimizationText(report, new FakeStream());
    expect(text).toMatch(
      /^All goals hold, with 40\.0 times fewer bytes; it ended after 2 min 05 s because there was nothing left/u,
    );
    expect(text).toMatch(/accuracy>=base-0\.2pp +holds +98\.12 % +97\.91 % – 98\.33 % +97\.80 % +6,667/u);
    expect(text).toMatch(/of before +0\.75 \(0\.70–0\.80\), faster/u);
    expect(text).toMatch(/1\.weight +300 × 784 +95\.0 % +0\.62 +int8, csr +941 kB → 18\.3 kB +0\.33 +37 → 20/u);
    expect(text).toContain('- int8: keeps the goals at 10.13 times the cost of the best.');
  });

  test('says when goals are missed, and why', () => {
    const text = (claim: OptimizationReport['claim']): string =>
      optimizationText({ ...report, claim }, new FakeStream());
    expect(text('unsure')).toMatch(/^The goals are not sure to hold; it ended/u);
    expect(text('fails')).toMatch(/^The goals are not kept; it ended/u);
  });

  test('as a page has the front with error bars, the recipe, and nothing that breaks out', () => {
    const page = optimizationPage(report);
    expect(page).toContain('<svg');
    expect(page.match(/class="dot best"/gu)).toHaveLength(1);
    expect(page.match(/<line\s+class="line"/gu)).toHaveLength(2);
    expect(page).toContain('drop 9 of 10 &lt;weights&gt;');
    expect(page).toContain('&quot;sparsity&quot;: 0.9');
    expect(page).not.toMatch(/<script|undefined|NaN/u);
  });

  test('where nothing is to be made small it is drawn against bytes, and without a front there is no chart', () => {
    expect(optimizationPage({ ...report, front: [] })).not.toContain('<svg');
    expect(
      optimizationPage({
        ...report,
        minimize: null,
        trials: report.trials.map((trial) => ({ ...trial, cost: -0.98 })),
      }),
    ).not.toContain('NaN');
  });
});

test.each([
  ['accuracy', 0.981, '98.10 %'],
  ['bytes', 26_672, '26.7 kB'],
  ['latency', 0.0612, '0.0612 ms'],
  ['macs', 266_200, '266,200'],
  ['loss', 0.123456, '0.12346'],
  ['loss', null, '?'],
])('%s %s is shown as %s', (metric, value, text) => expect(formatMetric(metric, value)).toBe(text));

import { describe, expect, test } from 'vitest';
import type { RunReport } from '@espalier/pipeline';
import { reportTable } from '../../src/report/report-table.ts';
import { FakeStream } from '../helpers/fake-stream.ts';
import { reportPage } from '../../src/report/html/page.ts';
import { html } from '../../src/report/html/markup.ts';
import { linearScale, logScale } from '../../src/report/html/scale.ts';

const row = {
  accuracy: 0.98,
  macroF1: 0.979,
  parameters: 40_000,
  nonZeros: 40_000,
  bytes: 160_000,
  macs: 320_000,
  latencyMs: 0.2,
};

const report: RunReport = {
  format: 'espalier-report',
  version: 2,
  name: 'tea & <cake>',
  seed: 7,
  device: 'cpu',
  deviceDescription: 'WebAssembly',
  rows: [
    { ...row, name: 'searched', folder: 'searched', passes: [] },
    {
      ...row,
      name: 'int8',
      accuracy: 0.975,
      bytes: 12_000,
      folder: 'int8',
      passes: ['drop 9 of 10 weights by LAMP', 'round 2'],
      kernels: [
        {
          name: '3.weight',
          shape: [128, 784],
          layout: 'bitmask',
          format: 'int8',
          kernel: 'dense',
          reason: '1.3 times faster at density 0.10 ≥ crossover 0.07: 12 µs, own 16 µs',
          crossover: 0.07,
          microseconds: { own: 16, dense: 12 },
        },
      ],
    },
  ],
  examples: { train: 60_000, test: 10_000, validation: 5000 },
  search: {
    strategy: 'genetic',
    best: 1,
    stopped: 'stopped after 3 trials',
    trials: [0.9, 0.97, null].map((accuracy, number) => ({ number, accuracy, operator: 'sample', config: {} })),
  },
  winner: {
    architecture: { blocks: 2, channels: 8, kernel: 5, hidden: 128, activation: 'relu', batchNorm: true },
    initialiser: 'kaiming-normal',
    training: { optimizer: { type: 'sgd', lr: 0.1, momentum: 0.9 }, schedule: 'cosine', batch: 64 },
  },
  curves: { searched: [1, 2, 3].map((epoch) => ({ epoch, loss: 1 / epoch })) },
  confusion: [
    [970, 30],
    [2, 998],
  ],
  seconds: { search: 20, train: 40 },
  versions: { espalier: '0.1.0' },
};

/** Every tag of a page closes what it opened; gives how many there are. */
function checkNesting(page: string): number {
  const alone = new Set(['meta']);
  const open: string[] = [];
  const tags = [...page.matchAll(/<(\/?)([a-z0-9]+)(?:\s+[\w-]+="[^"<>]*")*\s*(\/?)>/gu)];
  for (const [, slash, name = '', closed] of tags) {
    if (slash === '/') expect(open.pop()).toBe(name);
    else if (closed !== '/' && !alone.has(name)) open.push(name);
  }
  expect(open).toEqual([]);
  return tags.length;
}

describe('the report', () => {
  const page = reportPage(report);

  test('is well formed', () => {
    const angles =
      page
        .replace(/<style>.*<\/style>/su, '')
        .replace('<!doctype html>', '')
        .match(/</gu)?.length ?? 0;
    const inStyle = 2;
    expect(checkNesting(page.replace('<!doctype html>', ''))).toBe(angles + inStyle);
  });

  test('needs nothing beside itself', () => {
    expect(page).not.toMatch(/https?:|\bsrc=|@import|url\(|<link|<script/u);
  });

  test('escapes what it shows', () => {
    expect(page).toContain('<h1>tea &amp; &lt;cake&gt;</h1>');
    expect(page).not.toContain('<cake>');
  });

  test('shows every model, trial and count', () => {
    expect(page).toContain('98.00 %');
    expect(page).toContain('12.0 kB');
    expect(page.match(/<circle class="dot(?: best)?"/gu)).toHaveLength(2);
    expect(page).toContain('<td class="right">998</td>');
    expect(page).not.toMatch(/NaN|undefined|Infinity/u);
  });

  test('says what was done to each model', () => {
    expect(page).toMatch(/<dt>int8<\/dt>\s*<dd>drop 9 of 10 weights by LAMP; then round 2<\/dd>/u);
    expect(page).not.toMatch(/<dt>searched<\/dt>/u);
  });

  test('says what each compressed weight runs on, and why, as the terminal does', () => {
    expect(page).toMatch(
      /<td>3\.weight 128 × 784<\/td>\s*<td>bitmask int8<\/td>\s*<td>dense<\/td>\s*<td>1\.3 times faster at density/u,
    );
    expect(reportTable(report.rows, new FakeStream())).toContain(
      'int8: 3.weight 128 × 784, stored bitmask int8, runs dense: 1.3 times faster at density 0.10 ≥ crossover 0.07: 12 µs, own 16 µs',
    );
    const older = { ...report, rows: report.rows.map((each) => ({ ...each, kernels: [] })) };
    expect(reportPage(older)).not.toContain('compressed weights run on');
  });

  test('has no drawing where there is nothing to draw', () => {
    const bare = reportPage({ ...report, curves: {}, search: { ...report.search, trials: [] } });
    expect(bare).not.toMatch(/NaN|undefined|Infinity/u);
    checkNesting(bare.replace('<!doctype html>', ''));
  });

  test('is the same for the same data', () => {
    expect(reportPage(report)).toBe(page);
  });
});

test('markup in markup is not escaped twice', () => {
  expect(html`<b>${html`<i>${'&'}</i>`}</b>`.markup).toBe('<b><i>&amp;</i></b>');
});

test('a linear scale covers its values with round ticks', () => {
  const { ticks, position } = linearScale([0.913, 0.987], 100, 0, 4);
  expect(ticks).toEqual([0.9, 0.92, 0.94, 0.96, 0.98, 1]);
  expect(position(0.9)).toBeCloseTo(100);
  expect(position(1)).toBeCloseTo(0);
});

test('a single value still has a scale', () => {
  const { ticks, position } = linearScale([5], 0, 10);
  expect(ticks.length).toBeGreaterThan(1);
  expect(position(5)).toBeCloseTo(5);
});

test('on a logarithmic scale equal ratios are equally far apart', () => {
  const { position } = logScale([1, 100], 0, 10);
  expect(position(10) - position(1)).toBeCloseTo(position(100) - position(10));
});

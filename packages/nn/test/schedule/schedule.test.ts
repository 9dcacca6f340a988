import { buildSchedule, ConfigError, constant, cosine, product, sequence, stepDecay, warmUp } from '@espalier/nn';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { golden } from '../helpers/golden.ts';

const horizon = { totalSteps: 10, stepsPerEpoch: 5 };
const all = (schedule: { at: (step: number, at: typeof horizon) => number }): number[] =>
  Array.from({ length: horizon.totalSteps }, (_, step) => schedule.at(step, horizon));

describe('schedules agree with PyTorch', () => {
  test.each(golden.schedules.map((each) => ({ name: JSON.stringify(each.config), ...each })))(
    '$name',
    async ({ config, values, ...lengths }) => {
      const schedule = buildSchedule(config);
      await expectClose(
        values.map((_, step) => schedule.at(step, lengths)),
        values,
        { absolute: 1e-12, relative: 1e-12 },
      );
    },
  );
});

describe('composition', () => {
  test('a warm-up rises along a line, then hands over the steps that are left', () => {
    const schedule = warmUp({ steps: 4, next: cosine() });
    expect(all(schedule).slice(0, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
    expect(schedule.at(9, horizon)).toBe(0);
  });

  test('a product multiplies', () => {
    expect(
      product(stepDecay({ every: 1, factor: 0.5 }), constant(), stepDecay({ every: 1, factor: 0.1 })).at(5, horizon),
    ).toBeCloseTo(0.05);
  });

  test('a sequence gives each schedule its own steps', () => {
    const schedule = sequence({ schedule: cosine({ end: 0.5 }), steps: 2 }, { schedule: cosine() });
    expect(all(schedule).slice(0, 3)).toEqual([1, 0.5, 1]);
    expect(schedule.at(9, horizon)).toBe(0);
  });
});

const configs = [
  { type: 'constant' },
  { type: 'step', every: 2, factor: 0.5 },
  { type: 'exponential', factor: 0.9 },
  { type: 'cosine', end: 0.1 },
  { type: 'linear', end: 0.1 },
  { type: 'one-cycle', rise: 0.2, start: 0.1, end: 0.01 },
  { type: 'warm-up', steps: 3, start: 0.1, next: { type: 'cosine', end: 0 } },
  { type: 'product', factors: [{ type: 'cosine', end: 0 }, { type: 'constant' }] },
  { type: 'sequence', parts: [{ steps: 4, schedule: { type: 'constant' } }, { schedule: { type: 'linear', end: 0 } }] },
];

describe('JSON', () => {
  test.each(configs)('$type comes back', (config) => {
    expect(buildSchedule(config).config()).toEqual(config);
  });

  test.each(configs)('$type is finite and not negative everywhere, however short the training', ({ ...config }) => {
    for (const totalSteps of [1, 2, 3, 50])
      for (let step = 0; step < totalSteps; step++) {
        const factor = buildSchedule(config).at(step, { totalSteps, stepsPerEpoch: 2 });
        expect(factor >= 0 && factor <= 1).toBe(true);
      }
  });

  test('a bare name will do', () => {
    expect(buildSchedule('cosine').config()).toEqual({ type: 'cosine', end: 0 });
  });

  test.each([
    [{ type: 'cosin' }, 'cosin'],
    [{ type: 'step' }, 'step.every'],
    [{ type: 'warm-up', steps: 2, next: { type: 'x' } }, 'schedule.next'],
    [{ type: 'product', factors: 3 }, 'schedule.factors'],
    [{ type: 'sequence', parts: [1] }, 'schedule.parts[0]'],
  ])('%j is refused', (config, place) => {
    expect(() => buildSchedule(config)).toThrow(ConfigError);
    expect(() => buildSchedule(config)).toThrow(place);
  });
});

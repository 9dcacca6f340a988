import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paretoFront } from '../../src/budget/front.ts';
import { nextKnob, type KnobOutcome, type KnobRange } from '../../src/budget/knob.ts';
import { brokenLimits, parseLimit, parseLimits } from '../../src/budget/limit.ts';

interface Run {
  readonly tried: readonly KnobOutcome[];
  readonly stop: string;
}

function search(range: KnobRange, margin: (knob: number) => number, tried: KnobOutcome[] = []): Run {
  for (;;) {
    const decision = nextKnob(range, tried);
    if ('stop' in decision) return { tried, stop: decision.stop };
    tried.push({ knob: decision.next, margin: margin(decision.next) });
    expect(tried.length).toBeLessThan(60);
  }
}

const range: KnobRange = { low: 0, high: 1, resolution: 0.01 };

describe('nextKnob', () => {
  test('finds the edge of any falling curve, to the resolution', () => {
    const curve = fc.record({
      edge: fc.double({ min: 0.02, max: 0.97, noNaN: true }),
      steep: fc.double({ min: 0.5, max: 12, noNaN: true }),
    });
    fc.assert(
      fc.property(curve, fc.double({ min: 0, max: 1, noNaN: true }), ({ edge, steep }, start) => {
        // Flat at first, then a cliff, as accuracy over sparsity is.
        const { tried, stop } = search({ ...range, start }, (knob) => (edge ** steep - knob ** steep) * 0.1);
        const found = Math.max(...tried.filter(({ margin }) => margin >= 0).map(({ knob }) => knob));
        expect(stop).toBe('narrowed');
        expect(found).toBeLessThanOrEqual(edge);
        expect(found).toBeGreaterThan(edge - 0.0101);
      }),
    );
  });

  test('stops at once when the highest value holds', () => {
    expect(search(range, () => 0.1)).toEqual({ tried: [{ knob: 1, margin: 0.1 }], stop: 'edge' });
  });

  test('says so when even the lowest fails, after trying it', () => {
    const { tried, stop } = search(range, () => -0.1);
    expect(stop).toBe('infeasible');
    expect(tried.at(-1)?.knob).toBe(0);
  });

  test('goes on from any point as if it had never stopped', () => {
    const margin = (knob: number): number => 0.63 - knob;
    const whole = search(range, margin).tried;
    for (let cut = 0; cut < whole.length; cut++)
      expect(search(range, margin, whole.slice(0, cut)).tried).toEqual(whole);
  });

  test('a lucky high value is kept above an unlucky low one', () => {
    const tried = [
      { knob: 0.5, margin: -0.01 },
      { knob: 0.7, margin: 0.01 },
      { knob: 0.705, margin: -0.01 },
    ];
    expect(nextKnob(range, tried)).toEqual({ stop: 'narrowed' });
  });

  test('refuses a start outside the range and a resolution of 0', () => {
    expect(() => nextKnob({ ...range, start: 2 }, [])).toThrow(/starts at 2/);
    expect(() => nextKnob({ ...range, resolution: 0 }, [])).toThrow(/resolution is 0/);
  });
});

describe('limits', () => {
  test.each([
    ['bytes', '<= 100 kB', 100_000],
    ['bytes', '≤2MiB', 2 * 2 ** 20],
    ['bytes', 512, 512],
    ['parameters', '1.5 M', 1_500_000],
    ['macs', '<=1_000', 1000],
    ['latencyMs', '500 us', 0.5],
  ] as const)('%s %s is %d', (cost, text, value) => {
    expect(parseLimit(cost, text)).toBeCloseTo(value, 9);
  });

  test.each([
    ['bytes', 'small'],
    ['bytes', '>= 5 kB'],
    ['bytes', '5 ms'],
    ['latencyMs', '5 kB'],
    ['macs', -1],
    ['macs', Number.NaN],
    ['bytes', ['5 kB'] as never],
  ] as const)('%s %j is refused', (cost, text) => {
    expect(() => parseLimit(cost, text)).toThrow(/is no limit; write a number/);
  });

  test('one nested without end is refused in brief', () => {
    const endless = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) as never;
    expect(() => parseLimit('bytes', endless)).toThrow(/^.{0,60}is no limit; write a number.{0,100}$/u);
  });

  test('a limit is broken by more, or by what was not measured', () => {
    const limits = parseLimits({ bytes: '1 kB', latencyMs: 2 });
    expect(brokenLimits({ bytes: 1000, latencyMs: 2 }, limits)).toEqual([]);
    expect(brokenLimits({ bytes: 1001 }, limits)).toEqual(['bytes', 'latencyMs']);
  });
});

describe('paretoFront', () => {
  test('is what nothing beats', () => {
    const point = fc.record({ quality: fc.integer({ min: 0, max: 8 }), cost: fc.integer({ min: 0, max: 8 }) });
    fc.assert(
      fc.property(fc.array(point), (points) => {
        const front = paretoFront(points);
        for (const each of points) {
          const beaten = points.some(
            (p) => p.quality >= each.quality && p.cost <= each.cost && (p.quality > each.quality || p.cost < each.cost),
          );
          expect(front.some((p) => p.quality === each.quality && p.cost === each.cost)).toBe(!beaten);
        }
      }),
    );
  });
});

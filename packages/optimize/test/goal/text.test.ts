import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goalMetrics, parseGoal, printGoal, type Bound, type GoalClause } from '../../src/index.ts';
import { goalMetric } from '../../src/goal/metric.ts';
import { differenceUnitsOf, unitsOf } from '../../src/goal/unit.ts';

const aNumber = fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }).map(Math.abs);

/** Goals of any metric that is known. */
const goals: fc.Arbitrary<GoalClause> = fc.constantFrom(...goalMetrics).chain((metric) => {
  const { direction, quantity } = goalMetric(metric) as NonNullable<ReturnType<typeof goalMetric>>;
  const relation = direction === 'maximize' ? '>=' : '<=';
  const unit = (units: Readonly<Record<string, number>>): fc.Arbitrary<string> =>
    fc.constantFrom(...Object.keys(units));
  const amount = fc.record({
    number: quantity === 'share' ? fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs) : aNumber,
    unit: unit(unitsOf[quantity]),
  });
  const bounds: fc.Arbitrary<Bound> = fc.oneof(
    amount.map((each): Bound => ({ of: 'amount', amount: each })),
    fc.constant<Bound>({ of: 'base' }),
    fc.record({
      of: fc.constant('base' as const),
      change: fc.constantFrom('-' as const, '+' as const),
      amount: fc.record({ number: aNumber, unit: unit(differenceUnitsOf[quantity]) }),
    }),
    fc.record({
      of: fc.constant('base' as const),
      change: fc.constantFrom('*' as const, '/' as const),
      factor: aNumber.filter((factor) => factor > 0),
    }),
  );
  return bounds.map((bound): GoalClause => ({ metric, relation, bound }));
});

describe('parseGoal', () => {
  test('reads back what printGoal writes', () => {
    fc.assert(fc.property(goals, (goal) => void expect(parseGoal(printGoal(goal))).toEqual(goal)));
  });

  test.each([
    'accuracy>=base-0.5pp',
    'accuracy>=97%',
    'loss<=base*1.02',
    'bytes<=base/10',
    'bytes<=100kB',
    'latency<=2ms',
    'latency<=base/2',
    'macs<=1.5M',
    'rmse<=base+0.1',
    'perplexity<=base',
  ])('%s is printed as it is written', (text) => expect(printGoal(parseGoal(text))).toBe(text));

  test('blanks and ≥ are read too', () => {
    expect(printGoal(parseGoal(' accuracy  ≥ base - 0.5 pp '))).toBe('accuracy>=base-0.5pp');
    expect(printGoal(parseGoal('bytes <= 1_000 kB'))).toBe('bytes<=1000kB');
  });

  test('a share of a share is refused with both readings', () => {
    for (const text of ['-0.5%', 'accuracy>=-0.5%', 'accuracy>=base-0.5%', 'accuracy>=-0.5pp'])
      expect(() => parseGoal(text)).toThrow(
        /'accuracy>=base-0\.5pp' \(points: 98 % becomes 97\.5 %\) or 'accuracy>=base\*0\.995' \(a part of it: 98 % becomes 97\.51 %\)/,
      );
    expect(() => parseGoal('loss<=base+2%')).toThrow(/'loss<=base\*1\.02', a part of it/);
  });

  test.each([
    ['', /at 1: a goal begins with a metric/],
    ['speed>=2', /at 1: "speed" is no metric; there are accuracy, /],
    ['accuracy', /at 9: '>=' or '<=' has to follow accuracy/],
    ['accuracy==97%', /at 9: "==" is no relation of goals; write '>='/],
    ['accuracy<=97%', /at 9: of accuracy more is better, so a goal is 'accuracy>=…'/],
    ['bytes>=9', /at 6: of bytes less is better/],
    ['bytes<=', /at 8: a number has to stand here/],
    ['bytes<=9 pounds', /at 10: "pounds" is no unit here; there are B, kB/],
    ['accuracy>=97', /at 11: no share is above 100 %; write 97%/],
    ['latency<=base/0', /at 15: base\/0 is no goal; the number must be above 0/],
    ['latency<=base/x', /at 15: a number has to follow base\//],
    ['bytes<=9kB or so', /at 12: "or so" is too much/],
    ['bytes<=1e999', /at 8: 1e999 is not finite/],
    ['bytes<=1e300GB', /at 8: 1e300GB is not finite/],
    ['accuracy>=101%', /at 11: no share is above 100 %$/],
  ])('%s is refused at its place', (text, message) => expect(() => parseGoal(text)).toThrow(message));
});

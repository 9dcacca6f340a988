import { ObjectiveError } from '@espalier/search';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  parseConstraint,
  parseObjective,
  showConstraint,
  showObjective,
  violation,
} from '../../src/study/objective.ts';

const metric = fc.stringMatching(/^[a-zA-Z][\w./-]*$/u);

it('objectives are read as they are written', () => {
  fc.assert(
    fc.property(fc.constantFrom('maximize' as const, 'minimize' as const), metric, (direction, name) => {
      const objective = { direction, metric: name };
      expect(parseObjective(showObjective(objective))).toEqual(objective);
    }),
  );
});

it('constraints are read as they are written', () => {
  const bound = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(metric, fc.constantFrom('<=' as const, '>=' as const), bound, (name, relation, value) => {
      const constraint = { metric: name, relation, bound: value + 0 };
      expect(parseConstraint(showConstraint(constraint))).toEqual(constraint);
    }),
  );
});

it.each(['accuracy', 'maximise accuracy', 'maximize', 'maximize top 1', ''])('%j is no objective', (text) => {
  expect(() => parseObjective(text)).toThrow(ObjectiveError);
  expect(() => parseObjective(text)).toThrow("write 'maximize accuracy' or 'minimize bytes'");
});

it.each(['latency', 'latency < 2', 'latency <= 2parsecs', 'latency <= ms', 'latency <= ', '<= 2'])(
  '%j is no constraint',
  (text) => {
    expect(() => parseConstraint(text)).toThrow(ObjectiveError);
  },
);

const endless: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);

it.each<[string, unknown]>([
  ['nested without end', endless],
  ['of a hundred thousand characters', 'x'.repeat(100_000)],
  ['a list of what would be one', ['maximize accuracy']],
  ['nothing', null],
  ['a number', 5],
])('what is %s is no objective and no constraint, in brief', (_, goal) => {
  for (const parse of [parseObjective, parseConstraint]) {
    expect(() => parse(goal as never)).toThrow(ObjectiveError);
    expect(() => parse(goal as never)).toThrow(/^.{0,300}$/u);
  }
});

it('a constraint is broken by as much as the metric is beyond the bound', () => {
  expect(violation(parseConstraint('latency <= 2'), { latency: 5 })).toBe(3);
  expect(violation(parseConstraint('latency <= 2'), { latency: 2 })).toBe(0);
  expect(violation(parseConstraint('accuracy >= 0.5'), { accuracy: 0.25 })).toBe(0.25);
  expect(violation(parseConstraint('latency <= 2'), {})).toBe(Infinity);
  expect(violation(parseConstraint('latency <= 2'), { latency: Number.NaN })).toBe(Infinity);
});

it.each([
  ['latency <= 2ms', 0.002],
  ['latency <= 1.5s', 1.5],
  ['size <= 100kB', 100_000],
  ['size <= 64KiB', 65_536],
  ['accuracy >= 98.5%', 0.985],
  ['parameters <= 1.2M', 1_200_000],
  ['loss <= -1e-3', -0.001],
])('%s bounds at %d', (text, bound) => {
  expect(parseConstraint(text).bound).toBe(bound);
});

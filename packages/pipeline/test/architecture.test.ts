import { build, countParameters, summary } from '@espalier/nn';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../src/errors.ts';
import { fits, modelConfig, parametersOf, studentOf, type ImageShape } from '../src/candidate/architecture.ts';

const task: ImageShape = { channels: 1, height: 28, width: 28, outputs: 10 };

const architecture = fc.record({
  blocks: fc.constantFrom(1, 2, 3),
  channels: fc.integer({ min: 1, max: 6 }),
  kernel: fc.constantFrom(1, 3, 5),
  hidden: fc.constantFrom(0, 8, 32),
  activation: fc.constantFrom('relu', 'gelu', 'silu'),
  batchNorm: fc.boolean(),
});

describe('an architecture', () => {
  test('has as many parameters as its model, which ends in the classes', () => {
    fc.assert(
      fc.property(architecture, (given) => {
        fc.pre(fits(given, task));
        const model = build(modelConfig(given, 'kaiming-normal', task), { seed: 1 });
        expect(countParameters(model)).toBe(parametersOf(given, task));
        expect(summary(model, [1, 28, 28]).outputShape).toEqual([10]);
      }),
      { numRuns: 20 },
    );
  });

  test('that does not fit the image is refused', () => {
    const deep = { blocks: 3, channels: 4, kernel: 7, hidden: 0, activation: 'relu', batchNorm: false };
    expect(() => modelConfig(deep, 'orthogonal', task)).toThrow(UsageError);
  });
});

describe('a student', () => {
  test('is as large as it may be', () => {
    fc.assert(
      fc.property(architecture, fc.integer({ min: 1000, max: 100_000 }), (teacher, parameters) => {
        fc.pre(fits(teacher, task));
        const student = studentOf(teacher, task, parameters);
        expect(parametersOf(student, task)).toBeLessThanOrEqual(parameters);
        expect(parametersOf({ ...student, channels: student.channels + 1 }, task)).toBeGreaterThan(parameters);
      }),
    );
  });

  test('smaller than the smallest is refused', () => {
    const teacher = { blocks: 1, channels: 8, kernel: 3, hidden: 32, activation: 'relu', batchNorm: false };
    expect(() => studentOf(teacher, task, 100)).toThrow(/raise the size/u);
  });
});

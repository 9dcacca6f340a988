import { crossEntropy, gradients, tensor, type Tensor } from '@espalier/tensor';
import { checkGradient } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { distillationLoss } from '../../src/index.ts';
import { at } from '../helpers/at.ts';

const student = [
  [0.5, -1.2, 2],
  [1.5, 0.3, -0.7],
];
const teacher = [
  [2, -1, 0.5],
  [-0.4, 3, 0.1],
];
const labels = [2, 0];

const softmax = (row: readonly number[]): number[] => {
  const powers = row.map((value) => Math.exp(value - Math.max(...row)));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};

/** The definition, written out. */
function naive(temperature: number, alpha: number): number {
  const each = student.map((row, index) => {
    const p = softmax((teacher[index] ?? []).map((value) => value / temperature));
    const q = softmax(row.map((value) => value / temperature));
    const kl = p.reduce((sum, value, i) => sum + value * Math.log(value / at(q, i)), 0);
    const ce = -Math.log(at(softmax(row), at(labels, index)));
    return (1 - alpha) * ce + alpha * temperature ** 2 * kl;
  });
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}

const targets = (): Tensor => tensor(labels, { dtype: 'i32' });

describe('distillationLoss', () => {
  test.each([
    [1, 0.5],
    [4, 0.9],
    [20, 1],
    [2, 0],
  ])('T = %d, α = %d: agrees with the definition', (temperature, alpha) => {
    const value = distillationLoss(tensor(student), tensor(teacher), targets(), { temperature, alpha }).itemSync();
    expect(value).toBeCloseTo(naive(temperature, alpha), 5);
  });

  test('α = 0 is cross-entropy; a student that says what its teacher says has no soft loss', () => {
    const hard = crossEntropy(tensor(student), targets()).itemSync();
    expect(distillationLoss(tensor(student), tensor(teacher), targets(), { alpha: 0 }).itemSync()).toBeCloseTo(hard, 6);
    expect(distillationLoss(tensor(teacher), tensor(teacher), targets(), { alpha: 1 }).itemSync()).toBeCloseTo(0, 6);
  });

  test.each([1, 4])('T = %d: the gradient agrees with finite differences', async (temperature) => {
    const loss = (z: Tensor): Tensor => {
      const { device } = z;
      const wise = tensor(teacher, { dtype: 'f64', device });
      return distillationLoss(z, wise, tensor(labels, { dtype: 'i32', device }), { temperature, alpha: 0.7 });
    };
    await checkGradient(loss, [student]);
  });

  test('T² keeps the size of the gradient: at high temperature it tends to (z_s - z_t) / classes', () => {
    const centred = (rows: number[][]): number[][] =>
      rows.map((row) => row.map((value) => value - row.reduce((a, b) => a + b, 0) / row.length));
    const z = tensor(centred(student)).requiresGradients();
    const loss = distillationLoss(z, tensor(centred(teacher)), targets(), { temperature: 300, alpha: 1 });
    const [found] = gradients(loss, [z]);
    const expected = centred(student).flatMap((row, r) =>
      row.map((value, c) => (value - (centred(teacher)[r]?.[c] ?? 0)) / 3 / 2),
    );
    for (const [index, value] of (found?.dataSync() ?? []).entries()) expect(value).toBeCloseTo(at(expected, index), 2);
  });

  test('no gradient reaches the teacher', () => {
    const t = tensor(teacher).requiresGradients();
    const z = tensor(student).requiresGradients();
    const [ofTeacher] = gradients(distillationLoss(z, t, targets()), [t]);
    expect([...(ofTeacher?.dataSync() ?? [])].every((value) => value === 0)).toBe(true);
  });

  test('a temperature of 0 and an α above 1 are refused', () => {
    const call = (mix: object) => () => distillationLoss(tensor(student), tensor(teacher), targets(), mix);
    expect(call({ temperature: 0 })).toThrow(/temperature is 0/);
    expect(call({ alpha: 1.5 })).toThrow(/alpha is 1.5/);
  });
});

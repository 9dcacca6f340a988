import { crossEntropy, explain, Generator, gradients, randint, randn, tensor, type Tensor } from '@espalier/tensor';
import { checkGradient } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { build, tensorDataset } from '@espalier/nn';
import { distill, distillationLoss, runRecipe } from '../../src/index.ts';
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

  test.each([0.5, 1])('α = %d: what the teacher masks is not taught, and no other class either', (alpha) => {
    const masking = teacher.map((row) => row.map((value, index) => (index === 1 ? -Infinity : value)));
    const others = (rows: readonly number[][]): number[][] => rows.map(([a = 0, , c = 0]) => [a, c]);
    const z = tensor(
      student.map((row) => row.map((value, index) => (index === 1 ? -Infinity : value))),
    ).requiresGradients();
    const loss = distillationLoss(z, tensor(masking), targets(), { temperature: 2, alpha });
    const [gradient] = gradients(loss, [z], { retainGraph: true });
    const two = tensor(others(student)).requiresGradients();
    const plain = distillationLoss(two, tensor(others(teacher)), tensor([1, 0], { dtype: 'i32' }), {
      temperature: 2,
      alpha,
    });
    const [expected] = gradients(plain, [two], { retainGraph: true });
    expect(loss.itemSync()).toBeCloseTo(plain.itemSync(), 5);
    const found = gradient?.arraySync() as number[][];
    const wanted = expected?.arraySync() as number[][];
    for (const [row, [a, masked, c]] of found.entries()) {
      expect((masked ?? 1) + 0).toBe(0);
      expect(a).toBeCloseTo(wanted[row]?.[0] ?? 9, 5);
      expect(c).toBeCloseTo(wanted[row]?.[1] ?? 9, 5);
    }
    // A student that does not mask them is free to say of them what it likes, at the cost of the others alone.
    const free = distillationLoss(tensor(student), tensor(masking), targets(), { temperature: 2, alpha: 1 });
    expect(Number.isFinite(free.itemSync())).toBe(true);
  });

  test('a teacher of another number of classes is refused with both numbers, before any training', async () => {
    const narrow = tensor(teacher).slice([0, 0], [2, 1]);
    expect(() => distillationLoss(tensor(student), narrow, targets())).toThrow(/3 classes apart and the teacher 1/);
    const data = tensorDataset(tensor(student), tensor(labels, { dtype: 'u8' }));
    const model = build({ type: 'linear', in: 3, out: 3 });
    const pass = distill({ teacher: build({ type: 'linear', in: 3, out: 5 }) });
    await expect(runRecipe(model, [pass], { data: { train: data }, loss: 'cross-entropy' })).rejects.toThrow(
      /the student tells 3 classes apart and the teacher 5/,
    );
  });

  test('the size of the gradient does not depend on the temperature, to first order', () => {
    // Softened, both are nearly flat: what remains is (z_s - z_t) / classes, and the rest falls with 1 / T.
    const sizeAt = (temperature: number): number => {
      const z = tensor(student).requiresGradients();
      const [found] = gradients(distillationLoss(z, tensor(teacher), targets(), { temperature, alpha: 1 }), [z]);
      return found?.square().sum().sqrt().itemSync() ?? NaN;
    };
    const limit = sizeAt(1e3);
    for (const temperature of [8, 16, 32, 64]) {
      const [off, further] = [temperature, 2 * temperature].map((t) => Math.abs(sizeAt(t) / limit - 1)) as [
        number,
        number,
      ];
      expect(off).toBeLessThan(2 / temperature);
      expect(further).toBeLessThan(0.75 * off);
    }
  });

  describe('over the places of sequences', () => {
    const [batch, time, vocabulary] = [2, 3, 4];
    const drawn = (seed: number): Tensor => randn([batch, time, vocabulary], { generator: new Generator(seed) });
    const tokens = [
      [1, -100, 3],
      [0, 2, -100],
    ];

    test.each([
      [0.5, 2],
      [1, 4],
      [0, 1],
    ])('α = %d, T = %d: it is the mean over those whose label is not ignored', (alpha, temperature) => {
      const [z, wise] = [drawn(1), drawn(2)];
      const kept = tokens.flatMap((row, b) => row.flatMap((token, t) => (token === -100 ? [] : [b * time + t])));
      const rowsOf = (x: Tensor): Tensor => x.reshape(batch * time, vocabulary).take(tensor(kept, { dtype: 'i32' }));
      const labelled = tensor(
        tokens.flat().filter((token) => token !== -100),
        { dtype: 'i32' },
      );
      const options = { alpha, temperature };
      const own = z.requiresGradients();
      const loss = distillationLoss(own, wise, tensor(tokens, { dtype: 'i32' }), { ...options, ignoreIndex: -100 });
      expect(loss.itemSync()).toBeCloseTo(distillationLoss(rowsOf(z), rowsOf(wise), labelled, options).itemSync(), 5);
      const [found] = gradients(loss, [own], { retainGraph: true });
      const sizes = found?.abs().sum(-1).arraySync() as number[][];
      for (const [b, row] of tokens.entries())
        for (const [t, token] of row.entries()) expect(at(at(sizes, b), t) === 0).toBe(token === -100);
    });

    test('the gradient agrees with finite differences', async () => {
      await checkGradient(
        (z) => {
          const { device } = z;
          const wise = tensor(drawn(2).arraySync(), { dtype: 'f64', device });
          const labelled = tensor(tokens, { dtype: 'i32', device });
          return distillationLoss(z, wise, labelled, { temperature: 3, alpha: 0.6, ignoreIndex: -100 });
        },
        [drawn(1).arraySync()],
      );
    });

    test('no memory is taken for further numbers of the size of the logits', () => {
      const size = [4, 16, 256];
      const [z, wise] = [randn(size), randn(size)];
      const step = (own: Tensor, others: Tensor, labelled: Tensor): Tensor[] => {
        const loss = distillationLoss(own, others, labelled, { ignoreIndex: 0 });
        return [loss, ...gradients(loss, [own])];
      };
      const plan = explain(step, z.requiresGradients(), wise, randint(0, 256, [4, 16]));
      const bytes = [...plan.matchAll(/temporary\d+ (\d+) bytes/gu)].map(([, count]) => Number(count));
      expect(bytes.length).toBeGreaterThan(0);
      expect(Math.max(...bytes)).toBeLessThanOrEqual(256 * 4);
    });
  });
});

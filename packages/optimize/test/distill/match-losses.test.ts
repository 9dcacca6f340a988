/** Losses of matches against their definitions, written out in plain numbers. */
import { randn, Generator, tensor, gradients, type Tensor } from '@espalier/tensor';
import { checkGradient } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { matchLosses, registerMatchLoss } from '../../src/index.ts';
import { matchLoss } from '../../src/distill/match/losses.ts';
import { at } from '../helpers/at.ts';

type Rows = readonly (readonly number[])[];

const some = (shape: readonly number[], seed: number): Tensor => randn(shape, { generator: new Generator(seed) });
const rowsOf = (x: Tensor): number[][] => x.flatten(1).arraySync() as number[][];
const of = (name: string) => (student: Tensor, teacher: Tensor) => {
  const type = matchLoss(name);
  if (!type) throw new Error(`there is no ${name}`);
  return type.loss(student, teacher);
};
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const norm = (row: readonly number[]): number => Math.sqrt(sum(row.map((value) => value ** 2)));
const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, index) => value - at(b, index));
const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((value, index) => value * at(b, index)));
const huber = (a: number, b: number): number => (Math.abs(a - b) < 1 ? (a - b) ** 2 / 2 : Math.abs(a - b) - 0.5);

function plainDistance(student: Rows, teacher: Rows): number {
  const relative = (rows: Rows): number[] => {
    const all = rows.flatMap((a) => rows.map((b) => norm(minus(a, b))));
    const others = mean(all.filter((value) => value > 0));
    return all.map((value) => value / others);
  };
  const [own, wanted] = [relative(student), relative(teacher)];
  return mean(own.map((value, index) => huber(value, at(wanted, index))));
}

function plainAngle(student: Rows, teacher: Rows): number {
  const cosines = (rows: Rows): number[] =>
    rows.flatMap((vertex) =>
      rows.flatMap((a) =>
        rows.map((b) => {
          const [one, other] = [minus(a, vertex), minus(b, vertex)];
          return norm(one) * norm(other) === 0 ? 0 : dot(one, other) / norm(one) / norm(other);
        }),
      ),
    );
  const [own, wanted] = [cosines(student), cosines(teacher)];
  return mean(own.map((value, index) => huber(value, at(wanted, index))));
}

/** Of [batch][channel][place]. */
function plainAttention(student: readonly Rows[], teacher: readonly Rows[]): number {
  const map = (channels: Rows): number[] => {
    const strength = at(channels, 0).map((_, place) => sum(channels.map((row) => at(row, place) ** 2)));
    return strength.map((value) => value / norm(strength));
  };
  return mean(student.map((each, index) => norm(minus(map(each), map(at(teacher, index)))) ** 2));
}

const plain: Readonly<Record<string, (student: Tensor, teacher: Tensor) => number>> = {
  mse: (s, t) => mean(minus(rowsOf(s).flat(), rowsOf(t).flat()).map((value) => value ** 2)),
  l1: (s, t) => mean(minus(rowsOf(s).flat(), rowsOf(t).flat()).map(Math.abs)),
  cosine: (s, t) =>
    mean(rowsOf(s).map((row, i) => 1 - dot(row, at(rowsOf(t), i)) / norm(row) / norm(at(rowsOf(t), i)))),
  relation: (s, t) => plainDistance(rowsOf(s), rowsOf(t)) + 2 * plainAngle(rowsOf(s), rowsOf(t)),
  'relation-distance': (s, t) => plainDistance(rowsOf(s), rowsOf(t)),
  'relation-angle': (s, t) => plainAngle(rowsOf(s), rowsOf(t)),
};

describe.each(Object.entries(plain))('%s', (name, definition) => {
  const [student, teacher] = [some([5, 3], 1), some([5, 3], 2)];

  test('is what its definition says', () => {
    expect(of(name)(student, teacher).itemSync()).toBeCloseTo(definition(student, teacher), 5);
  });

  test('is 0 of equals, with a gradient that is a number', () => {
    const own = some([5, 3], 1).requiresGradients();
    const loss = of(name)(own, student);
    expect(loss.itemSync()).toBeCloseTo(0, 5);
    expect([...(gradients(of(name)(own, student), [own])[0]?.dataSync() ?? [NaN])].every(Number.isFinite)).toBe(true);
  });

  test('has the gradient of finite differences', async () => {
    const wanted = teacher.arraySync() as number[][];
    await checkGradient(
      (own) => of(name)(own, tensor(wanted, { dtype: 'f64', device: own.device })),
      [student.arraySync()],
    );
  });
});

describe('attention', () => {
  test('is what its definition says, of images with other numbers of channels, and of sequences', () => {
    const [student, teacher] = [some([2, 3, 2, 4], 1), some([2, 5, 2, 4], 2)];
    const definition = plainAttention(
      student.flatten(2).arraySync() as number[][][],
      teacher.flatten(2).arraySync() as number[][][],
    );
    expect(of('attention')(student, teacher).itemSync()).toBeCloseTo(definition, 5);
    const sequences = [student.flatten(2).transpose(1, 2), teacher.flatten(2).transpose(1, 2)] as const;
    expect(of('attention')(...sequences).itemSync()).toBeCloseTo(definition, 5);
  });

  test('has the gradient of finite differences, and none where everything is 0', async () => {
    const wanted = some([2, 2, 3], 2).arraySync() as number[][][];
    await checkGradient(
      (own) => of('attention')(own, tensor(wanted, { dtype: 'f64', device: own.device })),
      [some([2, 4, 3, 1], 1).flatten(2).transpose(1, 2).slice([0, 0, 0], [2, 2, 3]).arraySync()],
    );
    const dead = some([2, 2, 3], 1).mul(0).requiresGradients();
    const [gradient] = gradients(of('attention')(dead, some([2, 2, 3], 2)), [dead]);
    expect([...(gradient?.dataSync() ?? [NaN])].map(Math.abs)).toEqual(Array.from({ length: 12 }, () => 0));
  });

  test('needs the same places', () => {
    expect(() => of('attention')(some([2, 3, 4, 4], 1), some([2, 3, 5, 4], 1))).toThrow(
      /16 places and the teacher at 20/u,
    );
    expect(() => of('attention')(some([2, 3], 1), some([2, 3], 1))).toThrow(/\[2, 3\] has no places/u);
  });
});

test('a loss that is registered has a name, and only one', () => {
  const type = {
    type: 'test-gram',
    compares: 'patterns',
    loss: (s: Tensor, t: Tensor) => s.sum().sub(t.sum()),
  } as const;
  registerMatchLoss(type);
  expect(matchLosses).toContain('test-gram');
  expect(() => registerMatchLoss({ ...type, type: 'mse' })).toThrow(/another loss of matches of the name 'mse'/u);
  expect(() => registerMatchLoss({ ...type, compares: 'all' as never })).toThrow(/registerMatchLoss/u);
});

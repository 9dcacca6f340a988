/** What holds of long sums on a device: the error bounds that ARCHITECTURE.md states, on data that drifts where sums are naive. */
import {
  batchNorm,
  conv2d,
  einsum,
  fromTyped,
  gradients,
  layerNorm,
  ones,
  scaledDotProductAttention,
  scope,
  type Device,
  type Tensor,
  zeros,
} from '@espalier/tensor';
import { expect, test } from 'vitest';

/** Bounds in units of 2^-24 of the sum of magnitudes, and how many elements to prove them on. */
export interface AccumulationBounds {
  readonly elements: number;
  readonly sum: number;
  readonly product: number;
  readonly scan: number;
}

const unit = 2 ** -24;

/** f32 sequences whose partial sums round badly: always the same way, with large steps, or with a growing total. */
const sequences: Readonly<Record<string, (i: number, length: number) => number>> = {
  'equal elements': () => 0.1,
  'alternating large and small elements': (i) => (i % 2 === 0 ? 4097.3 : 0.0123),
  'sorted elements': (i, length) => (i + 1) / length,
  'large elements that cancel': (i) => (i % 3 === 0 ? 1e4 : i % 3 === 1 ? -1e4 : 0.1),
};

function values(name: string, length: number): Float32Array {
  const at = sequences[name] as (i: number, length: number) => number;
  const data = new Float32Array(length);
  for (let i = 0; i < length; i++) data[i] = at(i, length);
  return data;
}

/** Sums in doubles, of the elements and of their magnitudes, of every `step`th element from `first` on. */
function exactSum(data: Float32Array, first = 0, step = 1, end = data.length): { sum: number; magnitude: number } {
  let [sum, magnitude] = [0, 0];
  for (let i = first; i < end; i += step) {
    const value = data[i] as number;
    sum += value;
    magnitude += Math.abs(value);
  }
  return { sum, magnitude };
}

function expectWithin(actual: number, { sum, magnitude }: { sum: number; magnitude: number }, bound: number): void {
  expect(Math.abs(actual - sum) / magnitude / unit, `${actual} for ${sum}`).toBeLessThanOrEqual(bound);
}

/** Registers the tests for the device that `open` gives. */
export function accumulationLaws(open: () => Promise<Device> | Device, bounds: AccumulationBounds): void {
  const { elements } = bounds;
  const depth = elements / 10;
  const read = async (make: (device: Device) => Tensor): Promise<Float32Array> => {
    const device = await open();
    const result = scope(() => make(device));
    const data = Float32Array.from(await result.data());
    result.dispose();
    return data;
  };
  const upload = (device: Device, data: Float32Array, shape: readonly number[]): Tensor =>
    fromTyped(data, shape, { device });

  test.each(Object.keys(sequences))(`sums and means of ${elements} %s`, async (name) => {
    const data = values(name, elements);
    const whole = exactSum(data);
    const [sum] = await read((device) => upload(device, data, [elements]).sum());
    expectWithin(sum as number, whole, bounds.sum);
    const [mean] = await read((device) => upload(device, data, [elements]).mean());
    expectWithin((mean as number) * elements, whole, bounds.sum + 2);
    const [norm] = await read((device) => upload(device, data, [elements]).norm());
    const squares = exactSum(data.map((value) => value * value));
    expectWithin((norm as number) ** 2, squares, 2 * bounds.sum);
    const columns = await read((device) => upload(device, data, [depth, 10]).sum(0));
    const rows = await read((device) => upload(device, data, [10, depth]).sum(1));
    for (let i = 0; i < 10; i++) {
      expectWithin(columns[i] as number, exactSum(data, i, 10), bounds.sum);
      expectWithin(rows[i] as number, exactSum(data, i * depth, 1, (i + 1) * depth), bounds.sum);
    }
  });

  test.each(Object.keys(sequences))(`cumulative sums of ${elements} %s`, async (name) => {
    const data = values(name, elements);
    const running = await read((device) => upload(device, data, [elements]).cumsum(0));
    let [sum, magnitude, worst] = [0, 0, 0];
    for (let i = 0; i < elements; i++) {
      sum += data[i] as number;
      magnitude += Math.abs(data[i] as number);
      worst = Math.max(worst, Math.abs((running[i] as number) - sum) / magnitude / unit);
    }
    // The sums in doubles round, too, here and there.
    expect(worst).toBeLessThanOrEqual(bounds.scan + (elements * 2 ** -53) / unit);
  });

  test(`softmax and logSumExp over ${depth} logits`, async () => {
    for (const logits of [new Float32Array(depth).fill(0.1), values('sorted elements', depth)]) {
      const probabilities = await read((device) => upload(device, logits, [depth]).softmax(0));
      expect(Math.abs(exactSum(probabilities).sum - 1)).toBeLessThan(4e-6);
      const [logarithm] = await read((device) => upload(device, logits, [depth]).logSumExp(0));
      expect(logarithm).toBeCloseTo(Math.log(exactSum(logits.map(Math.exp)).sum), 4);
    }
  });

  test.each(Object.keys(sequences))(`products over ${depth} %s`, async (name) => {
    const data = values(name, depth);
    const whole = exactSum(data);
    const products: Readonly<Record<string, (left: Tensor) => Tensor>> = {
      'matrix by matrix': (left) => left.expand(5, depth).matmul(ones([depth, 6], { device: left.device })),
      'vector by matrix': (left) => left.matmul(ones([depth, 32], { device: left.device })),
      'vector by transposed matrix': (left) => left.matmul(ones([3, depth], { device: left.device }).transpose(0, 1)),
      'matrix by vector': (left) => left.expand(4, depth).matmul(ones([depth, 1], { device: left.device })),
      'batched product': (left) =>
        left.expand(2, 4, depth).matmul(ones([depth, 4], { device: left.device }).expand(2, depth, 4)),
      einsum: (left) => einsum('ik,jk->ij', left.expand(4, depth), ones([4, depth], { device: left.device })),
    };
    for (const product of Object.values(products)) {
      const results = await read((device) => product(upload(device, data, [1, depth])));
      for (const result of results) expectWithin(result, whole, bounds.product);
    }
  });

  test.each(Object.keys(sequences))(`attention to ${depth} %s`, async (name) => {
    const data = values(name, depth);
    const mean = exactSum(data.map((value) => value / depth));
    const results = await read((device) => {
      const [queries, keys] = [zeros([1, 5, 4], { device }), zeros([1, depth, 4], { device })];
      return scaledDotProductAttention(queries, keys, upload(device, data, [1, depth, 1]).expand(1, depth, 4));
    });
    for (const result of results) expectWithin(result, mean, bounds.product + bounds.sum);
  });

  test(`gradients of convolutions and lookups that add up ${depth} terms`, async () => {
    const images = depth / 1000;
    const whole = { sum: depth * Math.fround(0.1), magnitude: depth * Math.fround(0.1) };
    for (const channels of [1, 4]) {
      const results = await read((device) => {
        const x = fromTyped(new Float32Array(images * channels * 1000).fill(0.1), [images, channels, 20, 50], {
          device,
        });
        const w = ones([4, channels, 1, 1], { device }).requiresGradients();
        return gradients(conv2d(x, w).sum(), [w])[0];
      });
      for (const result of results) expectWithin(result, whole, bounds.product);
    }
    const [row] = await read((device) => {
      const table = ones([2, 3], { device }).requiresGradients();
      const indices = fromTyped(new Int32Array(depth), [depth], { device });
      return gradients(table.take(indices).mul(0.1).sum(), [table])[0];
    });
    expectWithin(row as number, whole, bounds.sum);
  });

  test('variances and normalisations far from zero', async () => {
    const cases: readonly Float32Array[] = [
      Float32Array.of(1e8, 1e8 + 8, 1e8 + 16),
      Float32Array.of(1e8, 1e8 + 8),
      Float32Array.from({ length: 1000 }, (_, i) => 10_000 + (i % 2 === 0 ? 0.001 : -0.001)),
      Float32Array.from({ length: 777 }, (_, i) => -3e5 + (i % 7) * 0.25),
      Float32Array.from({ length: 4096 }, (_, i) => (i === 0 ? 1e6 : Math.sin(i))),
      new Float32Array(1000).fill(0.1),
      new Float32Array(3000).fill(1e8 / 3),
    ];
    for (const data of cases) {
      const { length } = data;
      const mean = exactSum(data).sum / length;
      let squares = 0;
      for (const value of data) squares += (value - mean) ** 2;
      const variance = squares / length;
      const near = (actual: number, expected: number): void =>
        expect(Math.abs(actual - expected), `${actual} for ${expected}`).toBeLessThanOrEqual(2e-5 * Math.abs(expected));
      const [population] = await read((device) => upload(device, data, [length]).var(undefined, { correction: 0 }));
      near(population as number, variance);
      const [deviation] = await read((device) => upload(device, data, [length]).std());
      near(deviation as number, Math.sqrt(squares / (length - 1)));
      // As rows of several, whose kernels walk otherwise.
      const rows = await read((device) => upload(device, data, [1, length]).expand(70, length).var(1));
      for (const row of rows) near(row, squares / (length - 1));
      const deviations = Float32Array.from(data, (value) => (value - mean) / Math.sqrt(variance + 1e-12));
      const normal = await read((device) => layerNorm(upload(device, data, [1, length]), { epsilon: 1e-12 }));
      const batch = await read((device) => batchNorm(upload(device, data, [length, 1]), { epsilon: 1e-12 }).output);
      for (const results of [normal, batch])
        for (const [i, result] of results.entries())
          expect(Math.abs(result - (deviations[i] as number))).toBeLessThan(
            2e-5 * (1 + Math.abs(deviations[i] as number)),
          );
    }
  });
}

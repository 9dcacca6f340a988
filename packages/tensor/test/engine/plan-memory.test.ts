/** How much memory plans need: what is computed again is computed late, and places are packed. */
import {
  checkpoint,
  compile,
  createCpuDevice,
  createReferenceDevice,
  defineKernel,
  Generator,
  gradients,
  layerNorm,
  noGrad,
  randn,
  scope,
  zeros,
  type Device,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Draft } from '../../src/lower/draft.ts';
import { assignTemporaries } from '../../src/lower/memory.ts';

/** Bytes that a recorded training step keeps for itself, and its losses: a stack of residual blocks as in a transformer. */
function stepOf(
  device: Device,
  options: { readonly checkpointed: boolean; readonly clipped: boolean; readonly depth?: number },
): { readonly bytes: number; readonly losses: number[] } {
  const [depth, width, batch] = [options.depth ?? 10, 32, 64];
  const generator = new Generator(3);
  const draw = (rows: number, columns: number): Tensor =>
    randn([rows, columns], { generator, device }).mul(0.1).realizeSync().requiresGradients().realizeSync();
  const blocks = Array.from({ length: depth }, () => [
    draw(width, 2 * width),
    zeros([2 * width], { device })
      .requiresGradients()
      .realizeSync(),
    draw(2 * width, width),
  ]);
  const weights = blocks.flat();
  const x = randn([batch, width], { generator, device }).realizeSync();
  const step = compile((input: Tensor) => {
    const output = blocks.reduce((h, [up, bias, down]) => {
      const block = (value: Tensor): Tensor =>
        value.add(
          layerNorm(value)
            .matmul(up as Tensor)
            .add(bias as Tensor)
            .gelu()
            .matmul(down as Tensor),
        );
      return (options.checkpointed ? checkpoint(block) : block)(h);
    }, input);
    const loss = output.square().mean();
    const found = gradients(loss, weights);
    const norm = found
      .map((part) => part.square().sum())
      .reduce((a, b) => a.add(b))
      .sqrt();
    noGrad(() => {
      for (const [i, weight] of weights.entries()) {
        const part = found[i] as Tensor;
        weight.assign(weight.sub((options.clipped ? part.div(norm) : part).mul(0.01)));
      }
    });
    return loss;
  });
  const losses = [1, 2, 3].map(() => scope(() => step(x).itemSync()));
  const before = device.memory().bytes;
  step.dispose();
  const bytes = before - device.memory().bytes;
  for (const tensor of [...weights, x]) tensor.dispose();
  return { bytes, losses };
}

describe('checkpoint in a compiled step', () => {
  test.each([
    [false, 0.3],
    [true, 0.5],
  ])('needs a fraction of the memory (gradients clipped: %s), for the same numbers', (clipped, most) => {
    const device = createCpuDevice({ name: 'checkpoint' });
    const plain = stepOf(device, { checkpointed: false, clipped });
    const checkpointed = stepOf(device, { checkpointed: true, clipped });
    expect(checkpointed.bytes / plain.bytes).toBeLessThan(most);
    for (const [i, loss] of plain.losses.entries()) expect(checkpointed.losses[i]).toBeCloseTo(loss, 5);
    device.dispose();
  });

  test('grows with depth by little more than what stands between the blocks', () => {
    const device = createCpuDevice({ name: 'checkpoint' });
    const [shallow, deep] = [6, 18].map(
      (depth) => stepOf(device, { checkpointed: true, clipped: false, depth }).bytes,
    ) as [number, number];
    // 12 more blocks of 64 by 32 numbers.
    expect(deep - shallow).toBeLessThan(1.25 * 12 * 64 * 32 * 4);
    device.dispose();
  });

  test('computes on every device what it computes without', () => {
    const device = createReferenceDevice('checkpoint');
    const plain = stepOf(device, { checkpointed: false, clipped: true, depth: 2 });
    const checkpointed = stepOf(device, { checkpointed: true, clipped: true, depth: 2 });
    for (const [i, loss] of plain.losses.entries()) expect(checkpointed.losses[i]).toBeCloseTo(loss, 6);
  });
});

/** Values by the kernel that makes them, how long they live, and their size. */
const anyValues = fc.array(
  fc.record({
    first: fc.integer({ min: 0, max: 30 }),
    length: fc.integer({ min: 1, max: 12 }),
    bytes: fc.integer({ min: 0, max: 4000 }),
  }),
  { minLength: 1, maxLength: 40 },
);

describe.each([true, false])('places of values in a plan (parts of buffers: %s)', (parts) => {
  test('never hold two values that live at the same time', () => {
    fc.assert(
      fc.property(anyValues, (values) => {
        const steps = Math.max(...values.map(({ first, length }) => first + length)) + 1;
        const drafts = Array.from({ length: steps }, (_, step): Draft => {
          const made = values.flatMap(({ first }, position) => (first === step ? [position] : []));
          const read = values.flatMap(({ first, length }, position) => (first + length === step ? [position] : []));
          return { spec: {} as Draft['spec'], buffers: [...made, ...read], writes: [...made.keys()] };
        });
        const bytesOf = (position: number): number => values[position]?.bytes as number;
        const { placed, sizes, alive } = assignTemporaries(drafts, bytesOf, parts);
        expect(placed.size).toBe(values.length);
        for (const [a, place] of placed) {
          expect(place.bytes).toBeGreaterThanOrEqual(bytesOf(a));
          expect(place.offset + place.bytes).toBeLessThanOrEqual(sizes[place.buffer] as number);
          expect(place.offset % 64).toBe(0);
          for (const [b, other] of placed) {
            const [one, two] = [values[a], values[b]];
            const together =
              one && two && one.first <= two.first + two.length && two.first <= one.first + one.length && a !== b;
            if (!together || place.buffer !== other.buffer) continue;
            expect(place.offset + place.bytes <= other.offset || other.offset + other.bytes <= place.offset).toBe(true);
          }
        }
        const unit = parts ? 64 : 16;
        const aligned = (bytes: number): number => Math.max(1, Math.ceil(bytes / unit)) * unit;
        const all = values.reduce((sum, { bytes }) => sum + aligned(bytes), 0);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        expect(total).toBeLessThanOrEqual(all);
        const sums = Array.from({ length: steps }, (_, step) =>
          values
            .filter(({ first, length }) => first <= step && step <= first + length)
            .reduce((sum, { bytes }) => sum + aligned(bytes), 0),
        );
        expect(alive).toBe(Math.max(...sums));
        if (parts) expect(total).toBeLessThanOrEqual(1.25 * alive);
      }),
    );
  });
});

test('values of different sizes are packed into parts of what larger ones leave', () => {
  // One of 4 MiB, then four of 1 MiB that live together, then one of 4 MiB again.
  const MiB = 2 ** 20;
  const kernel = (made: number[], read: number[]): Draft => ({
    spec: {} as Draft['spec'],
    buffers: [...made, ...read],
    writes: [...made.keys()],
  });
  const drafts = [
    kernel([0], []),
    kernel([], [0]),
    kernel([1, 2, 3, 4], []),
    kernel([], [1, 2, 3, 4]),
    kernel([5], []),
    kernel([], [5]),
  ];
  const { sizes } = assignTemporaries(drafts, (position) => (position === 0 || position === 5 ? 4 : 1) * MiB, true);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(4 * MiB);
});

test('what a kernel works in is memory of the plan: counted while it is kept, shared with other values, and given back', () => {
  const device = createCpuDevice({ name: 'scratch' });
  const length = 10_000;
  const x = randn([length], { device }).realizeSync();
  const kept = (fn: (x: Tensor) => Tensor): number => {
    const step = compile(fn);
    scope(() => void step(x).itemSync());
    const before = device.memory().bytes;
    step.dispose();
    return before - device.memory().bytes;
  };
  const { bytes } = device.memory();
  const own = defineKernel({
    name: 'own',
    inputs: 1,
    outputs: ([a]) => (a ? [a] : []),
    reference: (_, [a], [y]) => y?.set(a as Float64Array),
    scratch: () => [1e6],
  });
  const owned = (a: Tensor): Tensor => own([a])[0] as Tensor;
  expect(kept((a) => owned(a).sum())).toBeGreaterThanOrEqual(1e6);
  expect(kept((a) => owned(owned(a)).sum())).toBeLessThan(1e6 + 4 * 4 * length);
  expect(device.memory().bytes).toBe(bytes);
  device.dispose();
});

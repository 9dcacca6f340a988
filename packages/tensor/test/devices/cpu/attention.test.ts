import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import '../../../src/devices/cpu/attention/attention.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { AttentionSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';
import { drawOrder, made } from './attention-case.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();
const unit = 2 ** -24;

/** Both devices give the same, up to the rounding of scores and sums; what is no number is so on both. */
function agree({ spec, contents }: { readonly spec: AttentionSpec; readonly contents: number[][] }): void {
  expect(cpu.accepts(spec)).toBe(true);
  const [mine, theirs] = [runOn(cpu, spec, contents), runOn(reference, spec, contents)];
  const largest = (binding: number): number =>
    Math.max(...(contents[binding] as number[]).map((value) => (Number.isFinite(value) ? Math.abs(value) : 0)));
  const score =
    (spec.size + 4) * spec.size * spec.scale * largest(spec.q.binding) * largest(spec.k.binding) * unit + 16 * unit;
  for (const { binding } of [spec.out, spec.logSum]) {
    const most = binding === spec.out.binding ? largest(spec.v.binding) * (2 * score + 520 * unit) : score + 64 * unit;
    for (const [at, value] of (theirs[binding] as number[]).entries()) {
      const own = (mine[binding] as number[])[at] as number;
      if (Number.isFinite(value))
        expect(Math.abs(own - value), `binding ${binding} at ${at}: ${own}, not ${value}`).toBeLessThanOrEqual(most);
      else expect(own).toBe(value);
    }
  }
}

const cases = fc.gen().map((draw) => {
  const size = (min: number, max: number): number => draw(fc.integer, { min, max });
  const isLong = size(0, 3) === 0;
  const keys = size(1, isLong ? 600 : 40);
  return made(
    {
      batch: Array.from({ length: size(0, 2) }, () => size(1, 3)),
      queries: size(4, isLong ? 150 : 30),
      keys,
      size: size(1, 20),
      valueSize: 4 * size(1, 5),
      causal: draw(fc.boolean),
      hasMask: draw(fc.boolean),
      hasBias: draw(fc.boolean),
      ...(draw(fc.boolean) && { length: size(-1, keys + 1) }),
      seed: size(1, 1e6),
    },
    drawOrder(draw),
  );
});

describe('attention', () => {
  test('agrees with the reference on random sizes, strides, masks, biases and lengths', () => {
    fc.assert(fc.property(cases, agree), { numRuns: 100 });
  }, 120_000);

  test('goes through several blocks of queries and of keys', () => {
    agree(made({ batch: [2], queries: 200, keys: 777, size: 24, valueSize: 12, causal: true, hasBias: true }));
  });

  test('keeps what is no number to the queries that see it', () => {
    const { spec, contents } = made({ queries: 70, keys: 300, size: 4, valueSize: 8, causal: true });
    const [q, k] = contents as [number[], number[]];
    q[spec.q.offset + 5 * 4] = Number.NaN;
    k[spec.k.offset + 290 * 4] = Number.NaN;
    agree({ spec, contents });
    const out = runOn(cpu, spec, contents)[spec.out.binding] as number[];
    expect(out.flatMap((value, at) => (Number.isNaN(value) ? [Math.floor(at / 8)] : []))).toEqual(
      [5, ...Array.from({ length: 10 }, (_, at) => 60 + at)].flatMap((query) => new Array<number>(8).fill(query)),
    );
  });

  test('takes scores of any size, which grow from key to key', () => {
    const { spec, contents } = made({ queries: 9, keys: 1000, size: 1, valueSize: 4 });
    contents[0]?.fill(1);
    contents[1] = (contents[1] as number[]).map((_, key) => key / 3);
    agree({ spec, contents });
    contents[1] = contents[1].map((_, key) => key * 1e4 * (key % 2 === 0 ? 1 : -1));
    agree({ spec, contents });
  });

  test('leaves few queries, other numbers and odd sizes of values to the planner', () => {
    const { spec } = made({ queries: 8, keys: 8, size: 4, valueSize: 4 });
    const others: Partial<AttentionSpec>[] = [
      { queries: 3 },
      { valueSize: 6 },
      { size: 300 },
      { keys: 0 },
      { bindings: spec.bindings.map((binding) => ({ ...binding, dtype: 'f64' })) },
      { limits: [{ dim: 0, binding: 0, offset: 0 }] },
    ];
    for (const other of others) expect(cpu.accepts({ ...spec, ...other })).toBe(false);
  });
});

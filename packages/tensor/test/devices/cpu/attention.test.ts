import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import '../../../src/devices/cpu/attention/attention.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { Access, AttentionSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();
const unit = 2 ** -24;

/** Sizes and settings, as a test says them. */
interface AttentionCase {
  readonly batch?: readonly number[];
  readonly queries: number;
  readonly keys: number;
  readonly size: number;
  readonly valueSize: number;
  readonly causal?: boolean;
  readonly hasMask?: boolean;
  readonly hasBias?: boolean;
  readonly length?: number;
  readonly seed?: number;
}

/** Strides of sizes whose dimensions lie in an order, the first of which step furthest; those that are 0 in `shared` do not step. */
function stridesOf(sizes: readonly number[], order: readonly number[], shared: readonly number[] = []): number[] {
  const strides = sizes.map(() => 0);
  let step = 1;
  for (const dim of order.toReversed()) {
    if (shared.includes(dim)) continue;
    strides[dim] = step;
    step *= sizes[dim] as number;
  }
  return strides;
}

const lengthOf = (sizes: readonly number[], { offset, strides }: Access): number =>
  sizes.reduce((last, size, dim) => last + (size - 1) * (strides[dim] as number), offset + 1);

function normal(count: number, seed: number): number[] {
  let state = seed;
  const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, () => Math.fround(uniform() + uniform() + uniform() - uniform() - 1));
}

type Order = (sizes: readonly number[]) => { readonly order: readonly number[]; readonly shared: readonly number[] };

const rowMajor: Order = (sizes) => ({ order: sizes.map((_, dim) => dim), shared: [] });

/** The kernel of a case, whose operands lie in drawn orders, and what its bindings hold. */
function made(
  {
    batch = [],
    queries,
    keys,
    size,
    valueSize,
    causal = false,
    hasMask = false,
    hasBias = false,
    length,
    seed = 1,
  }: AttentionCase,
  orderOf: Order = rowMajor,
): { readonly spec: AttentionSpec; readonly contents: number[][] } {
  const shapes = {
    q: [...batch, queries, size],
    k: [...batch, keys, size],
    v: [...batch, keys, valueSize],
    pairs: [...batch, queries, keys],
  };
  const contents: number[][] = [];
  const place = (sizes: readonly number[], values: (count: number) => number[]): Access => {
    const { order, shared } = orderOf(sizes);
    const access = { binding: contents.length, offset: contents.length, strides: stridesOf(sizes, order, shared) };
    contents.push(values(lengthOf(sizes, access)));
    return access;
  };
  const [q, k, v] = [shapes.q, shapes.k, shapes.v].map((sizes, at) =>
    place(sizes, (count) => normal(count, seed + at)),
  ) as [Access, Access, Access];
  const mask = hasMask
    ? place(shapes.pairs, (count) => normal(count, seed + 3).map((value) => Number(value > -0.7)))
    : undefined;
  const bias = hasBias ? place(shapes.pairs, (count) => normal(count, seed + 4)) : undefined;
  const dtypes = contents.map((_, at) => (mask?.binding === at ? 'bool' : 'f32'));
  const limits = length === undefined ? [] : [{ dim: batch.length + 1, binding: contents.length, offset: 1 }];
  if (length !== undefined) contents.push([7, length]);
  const outputs = [
    [...batch, queries, valueSize],
    [...batch, queries],
  ].map((sizes, at): Access => ({
    binding: contents.length + at,
    offset: 0,
    strides: stridesOf(
      sizes,
      sizes.map((_, dim) => dim),
    ),
  }));
  const [out, logSum] = outputs as [Access, Access];
  contents.push(
    ...[
      [...batch, queries, valueSize],
      [...batch, queries],
    ].map((sizes) => new Array<number>(sizes.reduce((a, b) => a * b, 1)).fill(0)),
  );
  const spec: AttentionSpec = {
    kind: 'attention',
    bindings: [
      ...dtypes.map((dtype) => ({ dtype, access: 'read' }) as const),
      ...limits.map(() => ({ dtype: 'i32', access: 'read' }) as const),
      { dtype: 'f32', access: 'write' },
      { dtype: 'f32', access: 'write' },
    ],
    batch,
    queries,
    keys,
    size,
    valueSize,
    causal,
    q,
    k,
    v,
    out,
    logSum,
    scale: 1 / Math.sqrt(size),
    ...(mask && { mask }),
    ...(bias && { bias }),
    ...(limits.length > 0 && { limits }),
  };
  return { spec, contents };
}

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
  const orderOf: Order = (sizes) => ({
    order: draw(
      fc.shuffledSubarray,
      sizes.map((_, dim) => dim),
      { minLength: sizes.length },
    ),
    shared: sizes.flatMap((_, dim) => (dim < sizes.length - 2 && draw(fc.boolean) ? [dim] : [])),
  });
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
    orderOf,
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

/** Attention specs of tests: their operands lie in any order, and hold numbers about 0. */
import fc from 'fast-check';
import type { Access, AttentionSpec } from '../../../src/kernel/spec.ts';

/** Sizes and settings, as a test says them. */
export interface AttentionCase {
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
export function stridesOf(
  sizes: readonly number[],
  order: readonly number[],
  shared: readonly number[] = [],
): number[] {
  const strides = sizes.map(() => 0);
  let step = 1;
  for (const dim of order.toReversed()) {
    if (shared.includes(dim)) continue;
    strides[dim] = step;
    step *= sizes[dim] as number;
  }
  return strides;
}

/** Elements up to the last of an operand. */
export const lengthOf = (sizes: readonly number[], { offset, strides }: Access): number =>
  sizes.reduce((last, size, dim) => last + (size - 1) * (strides[dim] as number), offset + 1);

/** So many numbers about 0. */
export function normal(count: number, seed: number): number[] {
  let state = seed;
  const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, () => Math.fround(uniform() + uniform() + uniform() - uniform() - 1));
}

/** In which order the dimensions of an operand lie, and which are not stepped over. */
export type Order = (sizes: readonly number[]) => {
  readonly order: readonly number[];
  readonly shared: readonly number[];
};

/** As they are said. */
export const rowMajor: Order = (sizes) => ({ order: sizes.map((_, dim) => dim), shared: [] });

/** The kernel of a case, whose operands lie in drawn orders, and what its bindings hold. */
export function made(
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

/** Draws orders; leading dimensions may be shared. */
export function drawOrder(draw: fc.GeneratorValue): Order {
  return (sizes) => ({
    order: draw(
      fc.shuffledSubarray,
      sizes.map((_, dim) => dim),
      { minLength: sizes.length },
    ),
    shared: sizes.flatMap((_, dim) => (dim < sizes.length - 2 && draw(fc.boolean) ? [dim] : [])),
  });
}

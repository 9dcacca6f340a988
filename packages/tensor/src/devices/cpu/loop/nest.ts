/**
 * The shape of a generated loop nest: dimensions ordered and merged, and the one whose indices go to vector lanes.
 *
 * Dimensions may be reordered freely: rows are independent of each other, and a fold may take its values in any order.
 */
import { levels, operands, phases, type Level, type Phase } from '../../../kernel/phases.ts';
import type { Limit, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { chooseLanes } from './choose-lanes.ts';

/** Where the lanes of a vector lie: over rows, over the points of a row, or nowhere. */
export type LaneMode = 'rows' | 'points' | 'none';

/** A loop spec made ready for code generation. */
export interface Nest {
  readonly spec: LoopSpec;
  /** Sizes of the rearranged dimensions. */
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  /** Where the length of a dimension is read, for each of [...outer, ...inner] that has one. */
  readonly limits: readonly (Limit | undefined)[];
  /** Strides of each step over [...outer, ...inner]; empty for steps without any. */
  readonly strides: readonly (readonly number[])[];
  readonly level: readonly Level[];
  readonly before: readonly number[];
  readonly walks: readonly Phase[];
  readonly mode: LaneMode;
  /** Position of the vectorised dimension in [...outer, ...inner], the last of its part; -1 without one. */
  readonly laneDim: number;
  /** Whether neighbours of the outermost dimension write into the same cache lines, so that threads had better not share it. */
  readonly interleaved: boolean;
  /** Whether each step's value differs between the indices of that dimension. */
  readonly varying: readonly boolean[];
}

/** The strides a step has over the dimensions of the spec, if it has any. */
export function stridesOf(step: LoopInstruction): readonly number[] | undefined {
  if (step.kind === 'load' || step.kind === 'gather' || step.kind === 'store') return step.access.strides;
  return step.kind === 'index' ? step.strides : undefined;
}

interface Dims {
  sizes: number[];
  limits: (Limit | undefined)[];
  /** strides[step][dim]; steps without strides have an empty list. */
  strides: number[][];
}

/** Orders, merges and vectorises the dimensions of `spec`, those of its rows that are `innermost` last. */
export function arrange(spec: LoopSpec, innermost: readonly number[] = []): Nest {
  const level = levels(spec);
  const { before, walks } = phases(spec);
  const rank = spec.outer.length;
  const part = (sizes: readonly number[], from: number): Dims => ({
    sizes: [...sizes],
    limits: sizes.map((_, dim) => spec.limits?.find((limit) => limit.dim === from + dim)),
    strides: spec.body.map((step) => [...(stridesOf(step)?.slice(from, from + sizes.length) ?? [])]),
  });
  const outer = merge(order(part(spec.outer, 0), spec.body, innermost));
  const inner = merge(order(part(spec.inner, rank), spec.body));
  const choice = chooseLanes(spec.body, level, outer, inner);
  // Rows that are folded write what lies side by side: a cache line is finished before the next, and belongs to one thread.
  const passesFiner = choice.mode === 'rows' && inner.sizes.length > 0 && choice.dim < outer.sizes.length - 1;
  const isSplit = passesFiner && splitOff(outer, choice.dim);
  if (choice.mode === 'rows' && !isSplit) moveLast(outer, choice.dim);
  if (choice.mode === 'points') moveLast(inner, choice.dim);
  const laneDim =
    choice.mode === 'rows'
      ? outer.sizes.length - 1
      : choice.mode === 'points'
        ? outer.sizes.length + inner.sizes.length - 1
        : -1;
  const strides = spec.body.map((_, step) => [...(outer.strides[step] ?? []), ...(inner.strides[step] ?? [])]);
  return {
    spec,
    outer: outer.sizes,
    inner: inner.sizes,
    limits: [...outer.limits, ...inner.limits],
    strides,
    level,
    before,
    walks,
    mode: choice.mode,
    laneDim,
    interleaved: passesFiner && !isSplit,
    varying: varyingSteps(spec.body, level, strides, choice.mode, laneDim),
  };
}

/** Outermost the dimension with the longest steps through memory; stores count most, as they cannot be hoisted. */
function order(dims: Dims, body: readonly LoopInstruction[], innermost: readonly number[] = []): Dims {
  const weight = (dim: number): number =>
    body.reduce((sum, step, i) => sum + Math.abs(dims.strides[i]?.[dim] ?? 0) * (step.kind === 'store' ? 4 : 1), 0);
  const kept = dims.sizes.map((_, dim) => dim).filter((dim) => dims.sizes[dim] !== 1 || dims.limits[dim]);
  const last = (dim: number): number => (innermost.includes(dim) ? 1 : 0);
  const sorted = kept
    .map((dim) => ({ dim, last: last(dim), weight: weight(dim) }))
    .toSorted((a, b) => a.last - b.last || b.weight - a.weight);
  const pick = (list: readonly number[]): number[] =>
    list.length === 0 ? [] : sorted.map(({ dim }) => list[dim] ?? 0);
  return {
    sizes: pick(dims.sizes),
    limits: sorted.map(({ dim }) => dims.limits[dim]),
    strides: dims.strides.map(pick),
  };
}

/** Joins neighbours d, d+1 wherever stepping along d is the same as stepping size[d+1] times along d+1. */
function merge(dims: Dims): Dims {
  for (let d = dims.sizes.length - 2; d >= 0; d--) {
    if (dims.limits[d] ?? dims.limits[d + 1]) continue;
    const size = dims.sizes[d + 1] ?? 1;
    const joins = dims.strides.every((list) => list.length === 0 || list[d] === (list[d + 1] ?? 0) * size);
    if (!joins) continue;
    dims.sizes[d] = (dims.sizes[d] ?? 1) * size;
    dims.sizes.splice(d + 1, 1);
    dims.limits.splice(d + 1, 1);
    for (const list of dims.strides) if (list.length > 0) list.splice(d, 1);
  }
  return dims;
}

function moveLast(dims: Dims, dim: number): void {
  dims.limits.push(...dims.limits.splice(dim, 1));
  for (const list of [dims.sizes, ...dims.strides]) {
    if (list.length > 0) list.push(...list.splice(dim, 1));
  }
}

/** Most indices of a dimension that are walked in a block. */
const largestBlock = 64;

/**
 * Makes blocks of a dimension, and the indices within one the last dimension: all others are walked for each block. False where no
 * block of whole vectors divides it, and nothing is changed.
 */
function splitOff(dims: Dims, dim: number): boolean {
  const size = dims.sizes[dim] as number;
  let block = largestBlock;
  while (block > 0 && size % block !== 0) block -= 4;
  if (dims.limits[dim] || block === 0 || block === size) return false;
  dims.sizes[dim] = size / block;
  dims.sizes.push(block);
  dims.limits.push(undefined);
  for (const list of dims.strides) {
    if (list.length === 0) continue;
    const stride = list[dim] as number;
    list[dim] = stride * block;
    list.push(stride);
  }
  return true;
}

function varyingSteps(
  body: readonly LoopInstruction[],
  level: readonly Level[],
  strides: readonly (readonly number[])[],
  mode: LaneMode,
  laneDim: number,
): boolean[] {
  const result: boolean[] = [];
  for (const [position, step] of body.entries()) {
    const moves = laneDim >= 0 && (strides[position]?.[laneDim] ?? 0) !== 0;
    const inherits = operands(step).some((argument) => result[argument]);
    // With lanes over points, what leaves a walk is one scalar.
    result.push(mode === 'points' && level[position] === 'row' ? false : moves || inherits);
  }
  return result;
}

/** What a walk reads in vectors, in any order and perhaps more than once. */
export function vectorOperands({ spec: { body }, varying }: Nest, { points, reduces }: Phase): readonly number[] {
  const readers = [...points.filter((position) => varying[position] || body[position]?.kind === 'store'), ...reduces];
  return readers.flatMap((reader) => operands(body[reader] as LoopInstruction));
}

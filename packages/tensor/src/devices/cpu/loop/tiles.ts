/**
 * Maps that read along one dimension and write along another, as a transpose does, go through memory in tiles: else each
 * cache line that one side fetches would be gone before its next element is wanted.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import type { Access, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { partOf, withStrides } from './part-of.ts';

/**
 * Indices of a tile along the dimension that is written along: so many rows are read at a time. Rows a power of two apart share a set of
 * the first-level cache, which holds eight lines.
 */
const rowsOfTile = 8;
/** Along the one that is read along, where no more is left over by it: as much of a line as may be, while it is there. */
const mostColumns = 16;
/** Dimensions shorter than this stay whole. */
const leastSize = 64;
/** Bytes between neighbours from which on they share no cache line. */
const farApart = 64;

/** The same map with a dimension split into tiles and the indices within one. */
function split(spec: LoopSpec, { dim, tileSize }: Tiling): LoopSpec {
  const divide = (list: readonly number[], tiles: number, within: number): number[] =>
    list.toSpliced(dim, 1, tiles, within);
  const body = spec.body.map((step) =>
    withStrides(step, (strides, offset) => ({
      strides: divide(strides, (strides[dim] ?? 0) * tileSize, strides[dim] ?? 0),
      offset,
    })),
  );
  return { ...spec, outer: divide(spec.outer, (spec.outer[dim] ?? 0) / tileSize, tileSize), body };
}

/** A dimension, and how many of its indices are in a tile. */
interface Tiling {
  readonly dim: number;
  readonly tileSize: number;
}

/** The dimensions that a map writes along and that it reads along, if these are two and far apart for the other side. */
function crossing({ outer, body, bindings }: LoopSpec): readonly [number, number] | undefined {
  const along = ({ strides }: Access): number => strides.findIndex((stride, dim) => stride === 1 && outer[dim] !== 1);
  const accesses = (kind: 'load' | 'store'): Access[] =>
    body.flatMap((step) => (step.kind === kind ? [step.access] : []));
  const apart = ({ binding, strides }: Access, dim: number): number =>
    Math.abs(strides[dim] ?? 0) * dtypes[bindings[binding]?.dtype ?? 'f32'].bytes;
  for (const written of accesses('store')) {
    const to = along(written);
    for (const read of accesses('load')) {
      const from = along(read);
      const long = (outer[to] ?? 0) >= leastSize && (outer[from] ?? 0) >= leastSize;
      if (to !== from && long && apart(read, to) >= farApart && apart(written, from) >= farApart) return [to, from];
    }
  }
  return undefined;
}

/** A map to run, and the dimensions of it that must stay innermost: those within a tile. */
export interface Piece {
  readonly spec: LoopSpec;
  readonly innermost?: readonly number[];
}

/** The maps to run, one after the other, in place of one: `spec` itself, or its tiles and what is left at two edges. */
export function tiled(spec: LoopSpec): readonly Piece[] {
  const moves = ({ kind }: LoopInstruction): boolean => kind === 'gather';
  const dims = spec.inner.length > 0 || spec.limits || spec.body.some(moves) ? undefined : crossing(spec);
  if (dims === undefined) return [{ spec }];
  const edges: Piece[] = [];
  let whole = spec;
  const [to, from] = dims;
  const columns = spec.outer[from] as number;
  const inMost = columns % mostColumns === columns % rowsOfTile;
  const tilings: readonly Tiling[] = [
    { dim: to, tileSize: rowsOfTile },
    { dim: from, tileSize: inMost ? mostColumns : rowsOfTile },
  ];
  for (const { dim, tileSize } of tilings) {
    const size = whole.outer[dim] ?? 0;
    const rest = size % tileSize;
    if (rest > 0) edges.push({ spec: partOf(whole, dim, size - rest, rest) });
    whole = partOf(whole, dim, 0, size - rest);
  }
  const [first, second] = tilings.toSorted((a, b) => a.dim - b.dim) as [Tiling, Tiling];
  // The later dimension first, so that the other keeps its place.
  const tiles = split(split(whole, second), first);
  return [{ spec: tiles, innermost: [first.dim + 1, second.dim + 2] }, ...edges];
}

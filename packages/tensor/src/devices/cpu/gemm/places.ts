/** What the programs of a product ask at each run: how large it is this time, and where its operands begin. */
import type { Access, Limit, MatmulSpec } from '../../../kernel/spec.ts';
import type { Engine } from '../engine.ts';

/** [...batch, m, n, k] as far as they go in this run; the same list each time, read anew. */
export function sizesNow({ batch, m, n, k, limits = [] }: MatmulSpec, engine: Engine): () => readonly number[] {
  const most = [...batch, m, n, k];
  const now = [...most];
  if (limits.length === 0) return () => now;
  return () => {
    for (let at = 0; at < limits.length; at++) {
      const { dim, binding, offset } = limits[at] as Limit;
      const length = engine.wordAt(engine.address(binding) + offset * 4);
      now[dim] = Math.max(0, Math.min(length, most[dim] as number));
    }
    return now;
  };
}

/** The indices of the leading dimensions of a product, row-major, with what lies there. */
export interface Places {
  readonly count: number;
  /** Byte offsets of each operand by place. */
  readonly offsets: readonly Float64Array[];
  /** Whether a place is one of those that there are with these sizes. */
  readonly isThere: (place: number, sizes: readonly number[]) => boolean;
}

/** The places of the first `rank` dimensions of a product, where `operands` have strides over those. */
export function placesOf({ batch, m, limits = [] }: MatmulSpec, rank: number, operands: readonly Access[]): Places {
  const sizes = [...batch, m].slice(0, rank);
  const offsets = operands.map((operand) => byteOffsets(sizes, operand));
  const bounded = limits.flatMap(({ dim }) => (dim < rank ? [dim] : []));
  const below = sizes.map((_, dim) => sizes.slice(dim + 1).reduce((product, size) => product * size, 1));
  return {
    count: sizes.reduce((product, size) => product * size, 1),
    offsets,
    isThere: (place, now) => {
      for (const dim of bounded)
        if (Math.floor(place / (below[dim] as number)) % (sizes[dim] as number) >= (now[dim] as number)) return false;
      return true;
    },
  };
}

function byteOffsets(sizes: readonly number[], { offset, strides }: Access): Float64Array {
  let offsets = [offset];
  for (const [dim, size] of sizes.entries()) {
    const stride = strides[dim] ?? 0;
    offsets = offsets.flatMap((first) => Array.from({ length: size }, (_, i) => first + i * stride));
  }
  return Float64Array.from(offsets, (at) => at * 4);
}

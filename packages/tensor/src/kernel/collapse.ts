/**
 * Fewer dimensions, same elements: drops dimensions of size 1 and joins neighbours that every access walks as one. Loops
 * are longer then, and an index costs fewer divisions.
 */
import { restrided, stridesOf } from './loop-steps.ts';
import type { LoopSpec } from './spec.ts';

/** The same kernel over as few dimensions as its accesses allow. Outer and inner dimensions never mix. */
export function collapse(spec: LoopSpec): LoopSpec {
  const sizes = [...spec.outer, ...spec.inner];
  const lists = spec.body.map(stridesOf).filter((strides) => strides !== undefined);
  const mergeable = (outer: number, inner: number): boolean =>
    lists.every((strides) => (strides[outer] as number) === (strides[inner] as number) * (sizes[inner] as number));

  const limits = spec.limits ?? [];
  const limited = new Set(limits.map(({ dim }) => dim));

  // Each block of adjacent dimensions becomes one; its stride is that of its last dimension.
  const regions = [
    { from: 0, to: spec.outer.length },
    { from: spec.outer.length, to: sizes.length },
  ];
  const blocks = regions.map(({ from, to }) => {
    const result: number[][] = [];
    for (let dimension = from; dimension < to; dimension++) {
      // A dimension with a limit stays by itself: it may have no index at all.
      if (sizes[dimension] === 1 && !limited.has(dimension)) continue;
      const last = result.at(-1);
      const joins = last !== undefined && !limited.has(dimension) && !limited.has(last.at(-1) as number);
      if (joins && mergeable(last.at(-1) as number, dimension)) last.push(dimension);
      else result.push([dimension]);
    }
    return result;
  });
  const [outer, inner] = blocks as [number[][], number[][]];
  const flat = [...outer, ...inner];
  const sizeOfBlock = (block: readonly number[]): number =>
    block.reduce((product, dimension) => product * (sizes[dimension] as number), 1);
  // A reduction over dimensions of size 1 only still is a reduction.
  const kept = inner.map(sizeOfBlock);
  const innerSizes = spec.inner.length > 0 && kept.length === 0 ? [1] : kept;
  return {
    ...spec,
    outer: outer.map(sizeOfBlock),
    inner: innerSizes,
    ...(limits.length > 0 && {
      limits: limits.map((limit) => ({ ...limit, dim: flat.findIndex((block) => block.includes(limit.dim)) })),
    }),
    body: spec.body.map((step) =>
      restrided(step, (strides) => {
        const merged = flat.map((block) => strides[block.at(-1) as number] as number);
        return innerSizes.length > kept.length ? [...merged, 0] : merged;
      }),
    ),
  };
}

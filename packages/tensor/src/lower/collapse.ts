/** Merges loop dimensions that every access walks as one, and drops those of size 1: fewer, longer loops. */
import type { LoopInstruction, LoopSpec } from '../kernel/spec.ts';

const stridesOf = (step: LoopInstruction): readonly number[] | undefined =>
  step.kind === 'load' || step.kind === 'store' || step.kind === 'gather'
    ? step.access.strides
    : step.kind === 'index'
      ? step.strides
      : undefined;

const withStrides = (step: LoopInstruction, strides: readonly number[]): LoopInstruction =>
  step.kind === 'index'
    ? { ...step, strides }
    : step.kind === 'load' || step.kind === 'store' || step.kind === 'gather'
      ? { ...step, access: { ...step.access, strides } }
      : step;

/** The same kernel over fewer dimensions. Outer and inner dimensions never mix. */
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
    body: spec.body.map((step) => {
      const strides = stridesOf(step);
      if (!strides) return step;
      const merged = flat.map((block) => strides[block.at(-1) as number] as number);
      return withStrides(step, innerSizes.length > kept.length ? [...merged, 0] : merged);
    }),
  };
}

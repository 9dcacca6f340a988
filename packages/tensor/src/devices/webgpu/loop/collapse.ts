/**
 * Fewer dimensions, same elements: drops dimensions of size 1 and joins neighbours that every access walks as one.
 * Fewer dimensions mean fewer divisions per index.
 */
import type { LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { at } from '../numbers.ts';

/** The strides a step moves by, if it moves at all. */
function stridesOf(step: LoopInstruction): readonly number[] | undefined {
  if (step.kind === 'load' || step.kind === 'gather' || step.kind === 'store') return step.access.strides;
  return step.kind === 'index' ? step.strides : undefined;
}

function withStrides(step: LoopInstruction, strides: readonly number[]): LoopInstruction {
  if (step.kind === 'load' || step.kind === 'gather' || step.kind === 'store')
    return { ...step, access: { ...step.access, strides } };
  return step.kind === 'index' ? { ...step, strides } : step;
}

/** Runs of original dimensions that become one, outer and inner kept apart. */
function groupsOf(
  sizes: readonly number[],
  first: number,
  walks: readonly (readonly number[])[],
  limited: ReadonlySet<number>,
): number[][] {
  const groups: number[][] = [];
  for (const [position, size] of sizes.entries()) {
    const dimension = first + position;
    if (size === 1 && !limited.has(dimension)) continue;
    const last = groups.at(-1);
    const previous = last?.at(-1) ?? -1;
    const alone = limited.has(dimension) || limited.has(previous);
    if (
      last !== undefined &&
      !alone &&
      walks.every((strides) => at(strides, previous) === at(strides, dimension) * size)
    )
      last.push(dimension);
    else groups.push([dimension]);
  }
  return groups;
}

/** The same loop over as few dimensions as its accesses allow. */
export function collapse(spec: LoopSpec): LoopSpec {
  const walks = spec.body.map(stridesOf).filter((strides) => strides !== undefined);
  const sizes = [...spec.outer, ...spec.inner];
  const limits = spec.limits ?? [];
  const limited = new Set(limits.map(({ dim }) => dim));
  const outerGroups = groupsOf(spec.outer, 0, walks, limited);
  const innerGroups = groupsOf(spec.inner, spec.outer.length, walks, limited);
  // A loop with reductions stays one even if it walks a single element.
  if (innerGroups.length === 0 && spec.inner.length > 0) innerGroups.push([sizes.length - 1]);
  const sizeOf = (group: readonly number[]): number =>
    group.reduce((product, dimension) => product * at(sizes, dimension), 1);
  const kept = [...outerGroups, ...innerGroups];
  const body = spec.body.map((step) => {
    const strides = stridesOf(step);
    return strides === undefined
      ? step
      : withStrides(
          step,
          kept.map((group) => at(strides, group.at(-1) ?? 0)),
        );
  });
  const dimOf = (dim: number): number => kept.findIndex((group) => group.includes(dim));
  return {
    ...spec,
    outer: outerGroups.map(sizeOf),
    inner: innerGroups.map(sizeOf),
    body,
    ...(limits.length > 0 && { limits: limits.map((limit) => ({ ...limit, dim: dimOf(limit.dim) })) }),
  };
}

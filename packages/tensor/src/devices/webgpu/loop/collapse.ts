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
function groupsOf(sizes: readonly number[], first: number, walks: readonly (readonly number[])[]): number[][] {
  const groups: number[][] = [];
  for (const [position, size] of sizes.entries()) {
    if (size === 1) continue;
    const dimension = first + position;
    const last = groups.at(-1);
    const previous = last?.at(-1) ?? -1;
    if (last !== undefined && walks.every((strides) => at(strides, previous) === at(strides, dimension) * size))
      last.push(dimension);
    else groups.push([dimension]);
  }
  return groups;
}

/** The same loop over as few dimensions as its accesses allow. */
export function collapse(spec: LoopSpec): LoopSpec {
  const walks = spec.body.map(stridesOf).filter((strides) => strides !== undefined);
  const sizes = [...spec.outer, ...spec.inner];
  const outerGroups = groupsOf(spec.outer, 0, walks);
  const innerGroups = groupsOf(spec.inner, spec.outer.length, walks);
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
  return { ...spec, outer: outerGroups.map(sizeOf), inner: innerGroups.map(sizeOf), body };
}

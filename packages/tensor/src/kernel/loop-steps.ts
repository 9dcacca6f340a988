/** Steps of loop bodies seen by what moves them: the strides they walk by, and the earlier steps they refer to. */
import type { LoopInstruction } from './spec.ts';

/** The strides over the dimensions of its loop that a step moves by, if it moves at all. */
export function stridesOf(step: LoopInstruction): readonly number[] | undefined {
  if (step.kind === 'load' || step.kind === 'gather' || step.kind === 'store') return step.access.strides;
  return step.kind === 'index' ? step.strides : undefined;
}

/** The same step in a loop over other dimensions. */
export function restrided(
  step: LoopInstruction,
  change: (strides: readonly number[]) => readonly number[],
): LoopInstruction {
  if (step.kind === 'load' || step.kind === 'gather' || step.kind === 'store')
    return { ...step, access: { ...step.access, strides: change(step.access.strides) } };
  return step.kind === 'index' ? { ...step, strides: change(step.strides) } : step;
}

/** The same step behind others: every earlier step that it refers to is found at its new position. */
export function renumbered(step: LoopInstruction, moved: (position: number) => number): LoopInstruction {
  switch (step.kind) {
    case 'scalar':
      return { ...step, args: step.args.map(moved) };
    case 'gather':
      return { ...step, index: moved(step.index) };
    case 'reduce':
      return { ...step, arg: moved(step.arg) };
    case 'store': {
      const { displaced } = step;
      return {
        ...step,
        arg: moved(step.arg),
        ...(displaced && { displaced: { ...displaced, index: moved(displaced.index) } }),
      };
    }
    default:
      return step;
  }
}

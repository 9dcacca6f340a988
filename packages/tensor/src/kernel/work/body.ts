/** What a body computes and reaches, step by step. */
import { isFloat } from '../../dtype/dtype.ts';
import { scalarInstructions } from '../../scalar/instructions.ts';
import { sizeOf } from '../../shape/shape.ts';
import { levels, operands } from '../phases.ts';
import type { Access, LoopInstruction } from '../spec.ts';
import type { Walk } from './distinct.ts';

/** What a kernel reaches of a binding. */
export interface Reach {
  readonly binding: number;
  readonly writes: boolean;
  /** Along its strides; or as many elements at places that only values say, each counted once for each time it is fetched. */
  readonly at: Walk | number;
}

/** A body with the sizes that it is walked over: `inner` are folded. */
export interface Walked {
  readonly body: readonly LoopInstruction[];
  readonly outer: readonly number[];
  readonly inner: readonly number[];
}

/** Whether a step is an operation on floating-point numbers: arithmetic or a function, and no comparison, choice or conversion. */
function isOperation(step: LoopInstruction): boolean {
  if (step.kind === 'reduce') return isFloat(step.dtype);
  if (step.kind !== 'scalar' || !isFloat(step.dtype)) return false;
  const { domain, result } = scalarInstructions[step.op];
  return (domain === 'number' || domain === 'float') && result === 'same';
}

/**
 * The floating-point operations of a body, each function one of them: those of point values once for each point, of row values once for
 * each row, and of a fold one for each point. What a device computes twice counts once.
 */
export function operationsOf({ body, outer, inner }: Walked): number {
  const level = levels({ body, outer, inner });
  const [rows, points] = [sizeOf(outer), sizeOf(outer) * sizeOf(inner)];
  let sum = 0;
  for (const [position, step] of body.entries())
    if (isOperation(step)) sum += step.kind === 'reduce' || level[position] === 'point' ? points : rows;
  return sum;
}

/** What the steps of a body reach. */
export function reachesOf({ body, outer, inner }: Walked): Reach[] {
  const sizes = [...outer, ...inner];
  if (sizeOf(outer) === 0) return [];
  const moving = (strides: readonly number[]): number[] =>
    strides.flatMap((stride, dim) => (stride === 0 ? [] : [dim]));
  /** The dimensions that each value moves with. */
  const dims: (readonly number[])[] = [];
  const found: Reach[] = [];
  const fetched = (access: Access, writes: boolean, moved: readonly number[]): void =>
    void found.push({
      binding: access.binding,
      writes,
      at: sizeOf([...new Set(moved)].map((dim) => sizes[dim] as number)),
    });
  const walked = (access: Access, writes: boolean): void => {
    const { binding, offset, strides } = access;
    const used = moving(strides);
    found.push({
      binding,
      writes,
      at: {
        offset,
        sizes: used.map((dim) => sizes[dim] as number),
        strides: used.map((dim) => strides[dim] as number),
      },
    });
  };
  for (const step of body) {
    const given = operands(step).flatMap((position) => dims[position] ?? []);
    const own =
      step.kind === 'load' || step.kind === 'gather' || step.kind === 'store' ? moving(step.access.strides) : [];
    const position =
      step.kind === 'index' ? moving(step.strides) : step.kind === 'accumulator' ? [...outer.keys()] : [];
    const all = [...new Set([...given, ...own, ...position])];
    dims.push(step.kind === 'reduce' ? all.filter((dim) => dim < outer.length) : all);
    if (step.kind === 'load') walked(step.access, false);
    if (step.kind === 'gather') fetched(step.access, false, all);
    if (step.kind === 'store' && step.displaced)
      fetched(step.access, true, [...own, ...(dims[step.displaced.index] ?? [])]);
    if (step.kind === 'store' && !step.displaced) walked(step.access, true);
  }
  return found;
}

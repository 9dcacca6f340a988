/**
 * Numbers of 16 bits that are moved and not looked at stay what they are: nothing is gained from widening and rounding them. Lookups,
 * which are 0 for an index outside, move them, too, and so do sums with 0; the largest and the least of them are found by their bits
 * (`bit-extrema.ts`).
 */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import { operands } from '../../../kernel/phases.ts';
import type { LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';

/** Whether a step is 0, of which all formats have the same bits. */
function isZero(step: LoopInstruction | undefined): boolean {
  return step?.kind === 'constant' && Object.is(Number(step.value), 0);
}

/** What a step that moves what it is given takes it from: a choice from two, a sum with 0 from what is not 0, an extremum from what it is of. */
function movedFrom(body: readonly LoopInstruction[], step: LoopInstruction | undefined): readonly number[] {
  if (step?.kind === 'reduce') return step.op === 'max' || step.op === 'min' ? [step.arg] : [];
  if (step?.kind !== 'scalar') return [];
  if (step.op === 'select') return step.args.slice(1);
  const others = step.args.filter((argument) => !isZero(body[argument]));
  return step.op === 'add' && others.length === 1 ? others : [];
}

/**
 * The loads of a loop that only stores in the same dtype of 16 bits read, and what comes of them by being moved, of which that holds:
 * positions and dtypes.
 */
export function moves({ bindings, body }: LoopSpec): ReadonlyMap<number, DType> {
  const dtypeAt = (step: LoopInstruction): DType | undefined =>
    'access' in step ? bindings[step.access.binding]?.dtype : undefined;
  /** In which dtype values may be moved. */
  const moved = new Map<number, DType>();
  for (const [position, step] of body.entries()) {
    const dtype = step.kind === 'load' || step.kind === 'gather' ? dtypeAt(step) : undefined;
    if (dtype !== undefined && dtypes[dtype].bytes === 2) moved.set(position, dtype);
    const some = movedFrom(body, step).filter((from) => !isZero(body[from]));
    const [first] = new Set(some.map((from) => moved.get(from)));
    if (first !== undefined && some.every((from) => moved.get(from) === first)) moved.set(position, first);
  }
  const isMovedBy = (reader: LoopInstruction, at: number, position: number): boolean => {
    if (!operands(reader).includes(position)) return true;
    if (reader.kind === 'store') return dtypeAt(reader) === moved.get(position) && reader.displaced?.index !== position;
    return moved.has(at) && movedFrom(body, reader).includes(position);
  };
  const isStill = (position: number): boolean =>
    movedFrom(body, body[position]).every((from) => moved.has(from) || isZero(body[from])) &&
    body.every((reader, at) => isMovedBy(reader, at, position));
  // A value that is looked at takes with it what comes of it, and that what else it comes of.
  for (let before = -1; before !== moved.size;) {
    before = moved.size;
    for (const position of moved.keys()) if (!isStill(position)) moved.delete(position);
  }
  return moved;
}

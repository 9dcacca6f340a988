/**
 * Numbers of 16 bits that are moved and not looked at stay what they are: nothing is gained from widening and rounding them. Lookups,
 * which are 0 for an index outside, move them, too.
 */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import { operands } from '../../../kernel/phases.ts';
import type { LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';

/** Whether a step is 0, of which all formats have the same bits. */
function isZero(step: LoopInstruction | undefined): boolean {
  return step?.kind === 'constant' && Object.is(Number(step.value), 0);
}

/** What a choice is between. */
function choices(step: LoopInstruction | undefined): readonly number[] {
  return step?.kind === 'scalar' && step.op === 'select' ? step.args.slice(1) : [];
}

/**
 * The loads of a loop that only stores in the same dtype of 16 bits read, and the choices between them, or one and 0, of which that
 * holds.
 */
export function moves({ bindings, body }: LoopSpec): ReadonlySet<number> {
  const dtypeAt = (step: LoopInstruction): DType | undefined =>
    'access' in step ? bindings[step.access.binding]?.dtype : undefined;
  /** In which dtype values may be moved. */
  const moved = new Map<number, DType>();
  for (const [position, step] of body.entries()) {
    const dtype = step.kind === 'load' || step.kind === 'gather' ? dtypeAt(step) : undefined;
    if (dtype !== undefined && dtypes[dtype].bytes === 2) moved.set(position, dtype);
    const some = choices(step).filter((choice) => !isZero(body[choice]));
    const [first] = new Set(some.map((choice) => moved.get(choice)));
    if (first !== undefined && some.every((choice) => moved.get(choice) === first)) moved.set(position, first);
  }
  const isMovedBy = (reader: LoopInstruction, at: number, position: number): boolean => {
    if (!operands(reader).includes(position)) return true;
    if (reader.kind === 'store') return dtypeAt(reader) === moved.get(position) && reader.displaced?.index !== position;
    return moved.has(at) && choices(reader).includes(position);
  };
  const isStill = (position: number): boolean =>
    choices(body[position]).every((choice) => moved.has(choice) || isZero(body[choice])) &&
    body.every((reader, at) => isMovedBy(reader, at, position));
  // A value that is looked at takes with it the choices that it is one of, and these what else they are between.
  for (let before = -1; before !== moved.size;) {
    before = moved.size;
    for (const position of moved.keys()) if (!isStill(position)) moved.delete(position);
  }
  return new Set(moved.keys());
}

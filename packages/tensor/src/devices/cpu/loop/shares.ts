/**
 * Exponentials of what the maximum of a row was taken off, as softmax and cross-entropy have them: they are at most 1, which a
 * cheaper function makes use of.
 */
import type { Access, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';

const same = (a: Access, b: Access): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The step that a value comes from: of a value that is kept for later walks (`kept-values.ts`), what was stored right before. */
function origin({ body }: LoopSpec, position: number): number {
  const [before, step] = [body[position - 1], body[position] as LoopInstruction];
  const isKept = step.kind === 'load' && before?.kind === 'store' && same(before.access, step.access);
  return isKept ? before.arg : position;
}

/** Whether a step is exp(x - max(x)), the maximum being that of the row of which x is an element. */
export function isShare(spec: LoopSpec, position: number): boolean {
  const step = spec.body[position];
  if (step?.kind !== 'scalar' || step.op !== 'exp' || step.dtype !== 'f32') return false;
  const difference = spec.body[step.args[0] as number];
  if (difference?.kind !== 'scalar' || difference.op !== 'sub') return false;
  const [element, most] = difference.args as readonly [number, number];
  const maximum = spec.body[most];
  return maximum?.kind === 'reduce' && maximum.op === 'max' && origin(spec, element) === origin(spec, maximum.arg);
}

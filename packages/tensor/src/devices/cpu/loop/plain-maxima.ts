/**
 * Maxima that need not know of what is no number, nor of which zero they are: those of softmax, cross-entropy and the like. All that
 * follows from such a maximum meets the sum of the exponentials of what it was taken off, and that sum is no number wherever an
 * element is none.
 */
import { operands } from '../../../kernel/phases.ts';
import type { LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';
import { isKept, maximumOf } from './shares.ts';

/** Instructions whose result is no number where any operand is none. */
const strict: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  'add',
  'sub',
  'mul',
  'div',
  'neg',
  'abs',
  'sqrt',
  'exp',
  'log',
]);

/** Whether what is stored is the same, whatever becomes of NaN and of signs of zeros in the maximum at `position`. */
function isPlain(spec: LoopSpec, position: number): boolean {
  const { body } = spec;
  /** What would tell, and what is NaN for sure if any element is. */
  const [telling, spoilt] = [new Set([position]), new Set<number>()];
  for (const [at, step] of body.entries()) {
    const of = isKept(spec, at) ? [(body[at - 1] as { readonly arg: number }).arg] : operands(step);
    if (step.kind === 'reduce' && maximumOf(spec, step.arg) === position && step.op === 'sum') spoilt.add(at);
    else if (isStrict(step) && of.some((operand) => spoilt.has(operand))) spoilt.add(at);
    else if (of.some((operand) => telling.has(operand))) {
      if (step.kind === 'store' && !isKept(spec, at + 1)) return false;
      telling.add(at);
    }
  }
  return spoilt.size > 0;
}

function isStrict(step: LoopInstruction): boolean {
  return step.kind === 'reduce' ? step.op === 'sum' : step.kind === 'scalar' && strict.has(step.op);
}

/** The positions of such maxima. */
export function plainMaxima(spec: LoopSpec): ReadonlySet<number> {
  const found = new Set<number>();
  for (const position of spec.body.keys()) {
    const maximum = maximumOf(spec, position);
    if (maximum !== undefined && isPlain(spec, maximum)) found.add(maximum);
  }
  return found;
}

/**
 * Exponentials of what the maximum of a row was taken off, as softmax and cross-entropy have them: they are at most 1, which a
 * cheaper function makes use of.
 */
import type { Access, LoopSpec } from '../../../kernel/spec.ts';

const same = (a: Access, b: Access): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether a step reads what was stored right before: a value that is kept for later walks (`kept-values.ts`). */
export function isKept({ body }: LoopSpec, position: number): boolean {
  const [before, step] = [body[position - 1], body[position]];
  return step?.kind === 'load' && before?.kind === 'store' && same(before.access, step.access);
}

/** The step that a value comes from. */
function origin(spec: LoopSpec, position: number): number {
  return isKept(spec, position) ? (spec.body[position - 1] as { readonly arg: number }).arg : position;
}

/** The maximum that a step takes off, if it is exp(x - max(x)), the maximum being that of the row of which x is an element. */
export function maximumOf(spec: LoopSpec, position: number): number | undefined {
  const step = spec.body[position];
  if (step?.kind !== 'scalar' || step.op !== 'exp' || step.dtype !== 'f32') return undefined;
  const difference = spec.body[step.args[0] as number];
  if (difference?.kind !== 'scalar' || difference.op !== 'sub') return undefined;
  const [element, most] = difference.args as readonly [number, number];
  const maximum = spec.body[most];
  const isOwn =
    maximum?.kind === 'reduce' && maximum.op === 'max' && origin(spec, element) === origin(spec, maximum.arg);
  return isOwn ? most : undefined;
}

/** The function that computes a step, if that is exp(x - max(x)): a shorter one where all that is stored is rounded to f16. */
export function shareFunction(spec: LoopSpec, position: number): 'share' | 'shareF16' | undefined {
  if (maximumOf(spec, position) === undefined) return undefined;
  const { body, bindings } = spec;
  const isRounded = body.every(
    (step, at) => step.kind !== 'store' || isKept(spec, at + 1) || bindings[step.access.binding]?.dtype === 'f16',
  );
  return isRounded ? 'shareF16' : 'share';
}

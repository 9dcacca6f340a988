/** What a recorded step will run, as text. */
import { aFunction, check } from '../arguments/rules.ts';
import { ArgumentError } from '../errors.ts';
import { modes } from '../graph/modes.ts';
import { showPlan } from '../lower/show-plan.ts';
import { record } from './record.ts';
import type { LeafSource } from './recorded-step.ts';
import { signatureOf } from './signature.ts';

/**
 * The plan that `compile(fn)` has for such arguments, as text: the kernels in order, each with the memory it reads, writes and
 * works in, and what it computes element by element, fused expressions and epilogues included. Nothing is computed but the
 * captured tensors that have no value yet; what the function assigns keeps its value. For people who ask why a step is slow,
 * and for tests that hold what fuses: the text follows the planner, and may change from version to version.
 *
 * Values are named by where they come from (`argument0`, `captured0`, `drawn0` of a random generator, `fixed0` made while
 * recording) or go (`result0`, `temporary0+64` for a part of a buffer from byte 64 on).
 *
 * @throws {ArgumentError} inside a compiled function or a dry run, and where there is nothing to record.
 *
 * @example
 * console.log(explain((x: Tensor) => x.matmul(w).add(b).relu(), x));
 */
export function explain<Args extends readonly unknown[]>(fn: (...args: Args) => unknown, ...args: Args): string {
  check('explain', 'the function', fn, aFunction);
  if (modes.trace)
    throw new ArgumentError('explain', `cannot be asked inside ${modes.trace.place}; call it outside, on the function`);
  const { tensors, lengths } = signatureOf(args);
  try {
    const step = record(fn, args, tensors);
    try {
      const { plan, device, leaves, results } = step.parts;
      return showPlan(plan, { device: device.name, leaves: namesOf(leaves), returned: results.length });
    } finally {
      step.dispose();
    }
  } finally {
    for (const length of lengths) length.dispose();
  }
}

const sourceNames: Readonly<Record<LeafSource['kind'], string>> = {
  argument: 'argument',
  variable: 'captured',
  fixed: 'fixed',
  dynamic: 'drawn',
};

/** Arguments by their place, all others counted. */
function namesOf(leaves: readonly LeafSource[]): string[] {
  const counts = new Map<string, number>();
  return leaves.map((leaf) => {
    const count = leaf.kind === 'argument' ? leaf.index : (counts.get(leaf.kind) ?? 0);
    counts.set(leaf.kind, count + 1);
    return `${sourceNames[leaf.kind]}${count}`;
  });
}

/** What a recorded step will run, as text. */
import { showPlan } from '../lower/show-plan.ts';
import { recordedOnce } from './plan-report.ts';
import type { LeafSource } from './recorded-step.ts';

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
  return recordedOnce('explain', fn, args, ({ parts: { plan, device, leaves, results } }) =>
    showPlan(plan, { device: device.name, leaves: namesOf(leaves), returned: results.length }),
  );
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

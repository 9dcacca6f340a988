/** Which numbers of f16 a walk reads for nothing but to add them up, so that it is the sums that are scaled (`halves.ts`). */
import { operands, type Phase } from '../../../kernel/phases.ts';
import type { LoopInstruction } from '../../../kernel/spec.ts';
import type { Addressing } from './addressing.ts';
import type { Nest } from './nest.ts';
import type { Rounds } from './widths.ts';

/** Positions of their loads, if the walk goes through them in whole vectors. */
export function unscaledSums(
  { spec: { body, bindings }, varying, laneDim }: Nest,
  addressing: Addressing,
  walk: Phase,
  widths: readonly Rounds[],
): ReadonlySet<number> {
  if (widths.some(({ lanes }) => lanes % 8 !== 0)) return new Set();
  const isSum = (reader: number): boolean => {
    const step = body[reader];
    return step?.kind === 'reduce' && step.op === 'sum' && walk.reduces.includes(reader);
  };
  const isUnscaled = (position: number): boolean => {
    const step = body[position] as LoopInstruction;
    if (step.kind !== 'load' || step.dtype !== 'f32' || bindings[step.access.binding]?.dtype !== 'f16') return false;
    const isOnlySummed = body.every((reader, at) => !operands(reader).includes(position) || isSum(at));
    return isOnlySummed && varying[position] === true && addressing.step(position, laneDim) === 2;
  };
  return new Set(walk.points.filter(isUnscaled));
}

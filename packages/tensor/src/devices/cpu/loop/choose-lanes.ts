/** Which dimension of a loop nest goes to vector lanes: the one with the least estimated cost. */
import type { Level } from '../../../kernel/phases.ts';
import type { LoopInstruction } from '../../../kernel/spec.ts';
import { scalarInstructions } from '../../../scalar/instructions.ts';
import { hasVectorForm } from './vector-code.ts';

interface Part {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** The choice, with the position of the dimension in its part. */
export interface LaneChoice {
  readonly mode: 'rows' | 'points' | 'none';
  readonly dim: number;
}

/** Estimated cycles of one step for one index, and for four of them along a dimension of the given stride. */
function costs(step: LoopInstruction, stride: number): { readonly one: number; readonly four: number } {
  switch (step.kind) {
    case 'load':
      return { one: 1, four: stride === 0 || stride === 1 ? 1 : stride === 2 ? 2 : 5 };
    case 'store':
      return { one: 1, four: stride === 1 ? 1 : 6 };
    case 'gather':
      return { one: 2, four: 9 };
    case 'scalar': {
      const { cost } = scalarInstructions[step.op];
      return { one: cost, four: hasVectorForm(step.op, step.dtype) ? cost : 4 * cost + 6 };
    }
    case 'reduce':
      return { one: 1, four: 1 };
    default:
      return { one: 0.5, four: 0.5 };
  }
}

/** What folding the lanes of one reduction into a scalar costs. */
const horizontalCost = 12;

/** Picks the dimension; none where vectors would not pay. */
export function chooseLanes(
  body: readonly LoopInstruction[],
  level: readonly Level[],
  outer: Part,
  inner: Part,
): LaneChoice {
  const points = inner.sizes.reduce((product, size) => product * size, 1);
  const reduces = body.filter((step) => step.kind === 'reduce').length;
  const isPoint = (position: number): boolean => level[position] === 'point' || body[position]?.kind === 'reduce';
  const scalarCost = body.reduce((sum, step, i) => sum + costs(step, 1).one * (isPoint(i) ? points : 1), 0);

  /** Cycles per row, averaged over the whole vectors and the rest. */
  const estimate = (mode: 'rows' | 'points', dim: number): number => {
    const part = mode === 'rows' ? outer : inner;
    const size = part.sizes[dim] ?? 0;
    const whole = Math.floor(size / 4);
    let total = mode === 'points' ? reduces * horizontalCost : 0;
    for (const [i, step] of body.entries()) {
      const { one, four } = costs(step, part.strides[i]?.[dim] ?? 0);
      const times = isPoint(i) ? points : 1;
      if (mode === 'points' && !isPoint(i)) total += one;
      else total += (times / size) * (whole * four + (size - whole * 4) * one);
    }
    return total;
  };

  let best: LaneChoice = { mode: 'none', dim: -1 };
  let least = scalarCost;
  // Later dimensions step more finely through memory: they win ties.
  const consider = (mode: 'rows' | 'points', part: Part): void => {
    for (const [dim, size] of part.sizes.entries()) {
      const cost = size >= 4 ? estimate(mode, dim) : Number.POSITIVE_INFINITY;
      if (cost <= least) {
        best = { mode, dim };
        least = cost;
      }
    }
  };
  consider('points', inner);
  consider('rows', outer);
  return best;
}

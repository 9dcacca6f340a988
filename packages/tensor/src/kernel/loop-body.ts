/** Builds the body of a loop kernel: appends steps, sharing equal ones, and flattens scalar expressions into them. */
import type { Expression } from '../scalar/expression.ts';
import type { LoopInstruction } from './spec.ts';

/** A body under construction; numbers are positions in `steps`. */
export interface LoopBody {
  readonly steps: readonly LoopInstruction[];
  /** Appends a step, or finds an equal one that is there already. */
  push(step: LoopInstruction): number;
  /** Appends the steps of an expression whose arguments are the given earlier positions. */
  emit(expression: Expression, args: readonly number[]): number;
}

/** An empty body. */
export function loopBody(): LoopBody {
  const steps: LoopInstruction[] = [];
  const known = new Map<string, number>();
  const push = (step: LoopInstruction): number => {
    const key = JSON.stringify(step);
    const same = step.kind === 'store' ? undefined : known.get(key);
    if (same !== undefined) return same;
    known.set(key, steps.length);
    return steps.push(step) - 1;
  };
  const emit = (expression: Expression, args: readonly number[]): number => {
    // Expressions share subtrees; each is flattened once.
    const flattened = new Map<Expression, number>();
    const visit = (part: Expression): number => {
      if (part.kind === 'argument') return args[part.index] as number;
      const seen = flattened.get(part);
      if (seen !== undefined) return seen;
      const position =
        part.kind === 'constant'
          ? push({ kind: 'constant', value: literal(part.value), dtype: part.dtype })
          : push({ kind: 'scalar', op: part.op, args: part.args.map(visit), dtype: part.dtype });
      flattened.set(part, position);
      return position;
    };
    return visit(expression);
  };
  return { steps, push, emit };
}

/** A number as a spec carries it. */
export function literal(value: number): number | string {
  return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value);
}

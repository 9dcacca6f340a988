/**
 * How often a loop body has to walk its inner dimensions, derived from the body alone so that every device agrees.
 */
import type { LoopInstruction, LoopSpec } from './spec.ts';

/** `row` values are computed once per outer index, `point` values once per inner index. */
export type Level = 'row' | 'point';

/** One walk: the steps to compute while walking, and the row steps that become possible after it. */
export interface Phase {
  /** Positions of point steps (loads, scalars, stores) in body order, computed afresh in this walk. */
  readonly points: readonly number[];
  /** Positions of the `reduce` steps that this walk finishes. */
  readonly reduces: readonly number[];
  /** Positions of row steps (row stores included) that run after this walk, in body order. */
  readonly rows: readonly number[];
}

/** The values a step reads. */
export function operands(step: LoopInstruction): readonly number[] {
  if (step.kind === 'scalar') return step.args;
  if (step.kind === 'gather') return [step.index];
  if (step.kind === 'store') return step.displaced ? [step.arg, step.displaced.index] : [step.arg];
  return step.kind === 'reduce' ? [step.arg] : [];
}

/** The level of each step of the body. In a pure map (no inner dimensions) every step is a row step. */
export function levels(spec: Pick<LoopSpec, 'body' | 'outer' | 'inner'>): Level[] {
  const outerRank = spec.outer.length;
  const movesInside = (strides: readonly number[]): boolean => strides.slice(outerRank).some((stride) => stride !== 0);
  const result: Level[] = [];
  for (const step of spec.body) {
    const inherits = step.kind !== 'reduce' && operands(step).some((position) => result[position] === 'point');
    const own =
      (step.kind === 'load' && movesInside(step.access.strides)) ||
      (step.kind === 'gather' && movesInside(step.access.strides)) ||
      (step.kind === 'index' && movesInside(step.strides)) ||
      (step.kind === 'store' && step.each === 'point' && spec.inner.length > 0);
    result.push(step.kind !== 'reduce' && (inherits || own) ? 'point' : 'row');
  }
  return result;
}

/** How many walks must have finished before each step of a body can be evaluated. */
export function readiness(body: readonly LoopInstruction[]): readonly number[] {
  const ready: number[] = [];
  for (const step of body) {
    const needed = Math.max(0, ...operands(step).map((operand) => ready[operand] ?? 0));
    ready.push(step.kind === 'reduce' ? needed + 1 : needed);
  }
  return ready;
}

/**
 * The walks of a loop kernel. `before` holds the row steps that need no walk. A reduction belongs to the first walk at
 * which everything it depends on is known; point stores happen in the first walk at which their value is known.
 */
export function phases(spec: Pick<LoopSpec, 'body' | 'outer' | 'inner'>): {
  readonly before: readonly number[];
  readonly walks: readonly Phase[];
} {
  const level = levels(spec);
  const ready = readiness(spec.body);
  const isRoot = (position: number): boolean => {
    const kind = spec.body[position]?.kind;
    return kind === 'reduce' || (kind === 'store' && level[position] === 'point');
  };
  const walkOf = (position: number): number =>
    spec.body[position]?.kind === 'reduce' ? (ready[position] ?? 1) - 1 : (ready[position] ?? 0);
  const positions = spec.body.map((_, position) => position);
  const walkCount = Math.max(0, ...positions.filter(isRoot).map((position) => walkOf(position) + 1));
  const walks = Array.from({ length: walkCount }, (_, walk): Phase => {
    const needed = new Set<number>();
    const visit = (position: number): void => {
      if (level[position] !== 'point' || needed.has(position)) return;
      needed.add(position);
      for (const operand of operands(spec.body[position] as LoopInstruction)) visit(operand);
    };
    const roots = positions.filter((position) => isRoot(position) && walkOf(position) === walk);
    for (const root of roots) {
      if (level[root] === 'point') visit(root);
      else for (const operand of operands(spec.body[root] as LoopInstruction)) visit(operand);
    }
    return {
      points: positions.filter((position) => needed.has(position)),
      reduces: roots.filter((position) => spec.body[position]?.kind === 'reduce'),
      rows: positions.filter((position) => isRowStep(position) && ready[position] === walk + 1),
    };
  });
  function isRowStep(position: number): boolean {
    return level[position] === 'row' && spec.body[position]?.kind !== 'reduce';
  }
  return { before: positions.filter((position) => isRowStep(position) && ready[position] === 0), walks };
}

/**
 * Few, long rows: one workgroup a row would leave most of the device idle. The inner dimension is cut into parts that
 * are folded as rows of their own into scratch memory, and a second stage folds the parts.
 */
import { renumbered, restrided } from '../../../kernel/loop-steps.ts';
import { phases } from '../../../kernel/phases.ts';
import type { Binding, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { at, contiguousStrides, prod } from '../numbers.ts';

type Reduce = LoopInstruction & { readonly kind: 'reduce' };

/** Two loops that run one after the other; the bindings from `firstScratch` on are scratch. */
export interface SplitReduction {
  readonly parts: LoopSpec;
  readonly whole: LoopSpec;
  readonly firstScratch: number;
  /** Elements of each scratch binding. */
  readonly scratchLength: number;
}

const fewRows = 64;
const longRow = 16384;
const mostParts = 512;
const shortestPart = 64;

/** Splits a collapsed loop if that pays and is possible: one walk, no point stores, and a length that has a fitting divisor. */
export function splitReduction(spec: LoopSpec): SplitReduction | undefined {
  const rows = prod(spec.outer);
  const length = prod(spec.inner);
  if (spec.limits || rows > fewRows || rows === 0 || length < longRow || spec.inner.length !== 1) return undefined;
  const { before, walks } = phases(spec);
  const walk = walks[0];
  if (walks.length !== 1 || walk === undefined || walk.points.some((position) => spec.body[position]?.kind === 'store'))
    return undefined;
  const partCount = largestDivisor(length, Math.min(Math.floor(length / shortestPart), Math.ceil(mostParts / rows)));
  if (partCount < 8) return undefined;

  const firstScratch = spec.bindings.length;
  const reduces = walk.reduces.map((position) => ({ position, step: spec.body[position] as Reduce }));
  const outerRank = spec.outer.length;
  const scratchBinding = (access: Binding['access']): Binding[] =>
    reduces.map(({ step }) => ({ dtype: step.dtype, access }));
  const scratchStrides = contiguousStrides([...spec.outer, partCount]);

  // The part number becomes the last outer dimension.
  const partLength = length / partCount;
  const cut = (strides: readonly number[]): number[] => [
    ...strides.slice(0, outerRank),
    at(strides, outerRank) * partLength,
    at(strides, outerRank),
  ];
  const neededFirst = neededBy(
    spec.body,
    reduces.map(({ step }) => step.arg),
  );
  const first = compact(spec.body, neededFirst);
  const parts: LoopSpec = {
    kind: 'loop',
    bindings: [
      ...spec.bindings.map((binding): Binding => ({ ...binding, access: 'read' })),
      ...scratchBinding('write'),
    ],
    outer: [...spec.outer, partCount],
    inner: [partLength],
    body: [
      ...first.body.map((step) => restrided(step, cut)),
      ...reduces.map(({ step }): LoopInstruction => ({ ...step, arg: first.moved(step.arg) })),
      ...reduces.map((_, order): LoopInstruction => ({
        kind: 'store',
        access: { binding: firstScratch + order, offset: 0, strides: [...scratchStrides, 0] },
        arg: first.body.length + order,
        each: 'row',
      })),
    ],
  };

  // Parts first, then their folds, then the row steps in their old order.
  const rowSteps = [...before, ...walk.rows].toSorted((a, b) => a - b);
  const place = new Map<number, number>();
  for (const [order, { position }] of reduces.entries()) place.set(position, reduces.length + order);
  for (const [order, position] of rowSteps.entries()) place.set(position, 2 * reduces.length + order);
  const whole: LoopSpec = {
    kind: 'loop',
    bindings: [...spec.bindings, ...scratchBinding('read')],
    outer: spec.outer,
    inner: [partCount],
    body: [
      ...reduces.map(({ step }, order): LoopInstruction => ({
        kind: 'load',
        access: { binding: firstScratch + order, offset: 0, strides: scratchStrides },
        dtype: step.dtype,
      })),
      ...reduces.map(({ step }, order): LoopInstruction => ({ ...step, arg: order })),
      ...rowSteps.map((position) => renumbered(spec.body[position] as LoopInstruction, (old) => place.get(old) ?? 0)),
    ],
  };
  return { parts, whole, firstScratch, scratchLength: rows * partCount };
}

function largestDivisor(value: number, limit: number): number {
  for (let divisor = limit; divisor > 1; divisor--) if (value % divisor === 0) return divisor;
  return 1;
}

/** Every step that the given ones need, themselves included. */
function neededBy(body: readonly LoopInstruction[], roots: readonly number[]): ReadonlySet<number> {
  const needed = new Set<number>();
  const visit = (position: number): void => {
    if (needed.has(position)) return;
    needed.add(position);
    const step = body[position];
    if (step?.kind === 'scalar') step.args.forEach(visit);
    if (step?.kind === 'gather') visit(step.index);
  };
  roots.forEach(visit);
  return needed;
}

/** The kept steps alone, renumbered. */
function compact(
  body: readonly LoopInstruction[],
  kept: ReadonlySet<number>,
): { body: LoopInstruction[]; moved: (position: number) => number } {
  const order = [...kept].toSorted((a, b) => a - b);
  const moved = (position: number): number => order.indexOf(position);
  return { body: order.map((position) => renumbered(body[position] as LoopInstruction, moved)), moved };
}

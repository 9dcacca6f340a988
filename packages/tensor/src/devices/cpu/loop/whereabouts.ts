/**
 * What a loop body asks about where it is, and is the same all over the loop: answered once and for all. What is not the same
 * everywhere changes at an index of one dimension.
 */
import { renumbered } from '../../../kernel/loop-steps.ts';
import { operands } from '../../../kernel/phases.ts';
import type { LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';

/** An i32 of the form `shift + Σ scales[dim] · index[dim]` over the outer dimensions. */
interface Place {
  readonly scales: readonly number[];
  readonly shift: number;
}

/** An outer dimension, and the index of it, not the first, from which on an answer is another one. */
export interface Change {
  readonly dim: number;
  readonly at: number;
}

/** A loop in which nothing is asked that is known, and where the next answer changes, if there is one. */
export interface Answered {
  readonly spec: LoopSpec;
  readonly change: Change | undefined;
}

const mostOfInt32 = 2 ** 31 - 1;

/** What may be true of a difference. */
type Holds = (difference: number) => boolean;

const isBelow: Holds = (difference) => difference < 0;
const isAtMost: Holds = (difference) => difference <= 0;
const compared: Readonly<Partial<Record<ScalarOp, Holds>>> = {
  lt: isBelow,
  le: isAtMost,
  eq: (difference) => difference === 0,
};

class Body {
  readonly steps: LoopInstruction[] = [];
  /** Where the answers of comparisons change, and where numbers meet their bounds, by step. */
  readonly comparisons = new Map<number, Change>();
  readonly bounds = new Map<number, Change>();
  readonly #outer: readonly number[];
  /** Where each step of the old body is in the new one. */
  readonly #positions: number[] = [];
  readonly #places = new Map<number, Place>();
  readonly #truths = new Map<number, boolean>();
  constructor({ outer, body }: LoopSpec) {
    this.#outer = outer;
    for (const step of body) this.#positions.push(this.#add(renumbered(step, (at) => this.#positions[at] as number)));
  }

  /** Where the value of a step is from now on. */
  #add(step: LoopInstruction): number {
    if (step.kind === 'scalar') return this.#addScalar(step);
    const at = this.steps.push(step) - 1;
    if (step.kind === 'constant' && step.dtype === 'bool') this.#truths.set(at, Number(step.value) !== 0);
    if (step.kind === 'constant' && step.dtype === 'i32')
      this.#setPlace(at, { scales: this.#outer.map(() => 0), shift: Number(step.value) });
    if (step.kind === 'index' && step.dtype === 'i32') this.#setPlace(at, this.#placeOf(step));
    if (step.kind === 'gather') this.steps[at] = this.#found(step);
    return at;
  }

  #addScalar(step: Extract<LoopInstruction, { kind: 'scalar' }>): number {
    const { op, args, dtype } = step;
    const [first = -1, second = -1, third = -1] = args;
    if (op === 'select') {
      const condition = this.#truths.get(first);
      if (condition !== undefined) return condition ? second : third;
    }
    if (dtype === 'bool' && (op === 'and' || op === 'or')) {
      const decides = op === 'or';
      for (const [one, other] of [
        [first, second],
        [second, first],
      ] as const) {
        const truth = this.#truths.get(one);
        if (truth !== undefined) return truth === decides ? one : other;
      }
    }
    const [left, right] = [this.#places.get(first), this.#places.get(second)];
    const holds = compared[op];
    if (holds && left && right) {
      const truth = this.#answer(left, right, holds);
      if (typeof truth === 'boolean') return this.#add({ kind: 'constant', value: truth ? 1 : 0, dtype: 'bool' });
      if (truth) this.comparisons.set(this.steps.length, truth);
    }
    if ((op === 'min' || op === 'max') && left && right) {
      const [lesser, greater] = op === 'min' ? [first, second] : [second, first];
      // Where both are equal, either will do.
      if (this.#answer(left, right, isAtMost) === true) return lesser;
      const isLess = this.#answer(left, right, isBelow);
      if (isLess === false) return greater;
      if (typeof isLess === 'object') this.bounds.set(this.steps.length, isLess);
    }
    const at = this.steps.push(step) - 1;
    if (dtype === 'i32' && left && right) this.#setPlace(at, combined(op, left, right));
    return at;
  }

  /** Numbers that could wrap are no places. */
  #setPlace(at: number, place: Place | undefined): void {
    if (place === undefined) return;
    const most = place.scales.reduce(
      (sum, scale, dim) => sum + Math.abs(scale) * (this.#outer[dim] as number),
      Math.abs(place.shift),
    );
    if (Number.isInteger(most) && most <= mostOfInt32) this.#places.set(at, place);
  }

  #placeOf({ offset, strides }: Extract<LoopInstruction, { kind: 'index' }>): Place {
    return { scales: this.#outer.map((size, dim) => (size === 1 ? 0 : (strides[dim] as number))), shift: offset };
  }

  /** A gather from a place is a load. */
  #found(step: Extract<LoopInstruction, { kind: 'gather' }>): LoopInstruction {
    const place = this.#places.get(step.index);
    if (place === undefined) return step;
    const { access, stride, dtype } = step;
    const strides = access.strides.map((own, dim) => own + (place.scales[dim] ?? 0) * stride);
    return { kind: 'load', access: { ...access, strides, offset: access.offset + place.shift * stride }, dtype };
  }

  /** Whether something holds of left - right all over the loop, or where that changes; undefined where it is not known. */
  #answer(left: Place, right: Place, holds: Holds): boolean | Change | undefined {
    const { scales, shift } = combined('sub', left, right) as Place;
    const moving = scales.flatMap((scale, dim) => (scale === 0 ? [] : [dim]));
    const [dim = 0, another] = moving;
    if (another !== undefined) return undefined;
    const scale = scales[dim] ?? 0;
    const last = (this.#outer[dim] ?? 1) - 1;
    const at = (index: number): boolean => holds(shift + scale * index);
    // It is so below, at, or above a difference of 0: the answers change there if they do.
    const zero = scale === 0 ? 0 : -shift / scale;
    const near = [Math.floor(zero), Math.floor(zero) + 1];
    const change = near.find((index) => index > 0 && index <= last && at(index) !== at(index - 1));
    return change === undefined ? at(0) : { dim, at: change };
  }
}

/** What comes of two places, if that is one. */
function combined(op: ScalarOp, left: Place, right: Place): Place | undefined {
  const sum = (sign: number): Place => ({
    scales: left.scales.map((scale, dim) => scale + sign * (right.scales[dim] as number)),
    shift: left.shift + sign * right.shift,
  });
  if (op === 'add') return sum(1);
  if (op === 'sub') return sum(-1);
  if (op !== 'mul') return undefined;
  const [factor, other] = isNumber(left) ? [left, right] : [right, left];
  if (!isNumber(factor)) return undefined;
  return { scales: other.scales.map((scale) => factor.shift * scale), shift: factor.shift * other.shift };
}

const isNumber = ({ scales }: Place): boolean => scales.every((scale) => scale === 0);

/** Answers what can be answered, and leaves out what nobody asks for any more. */
export function answered(spec: LoopSpec): Answered {
  const { steps, comparisons, bounds } = new Body(spec);
  const needed = new Set<number>();
  for (let at = steps.length - 1; at >= 0; at--) {
    const step = steps[at] as LoopInstruction;
    if (step.kind === 'store') needed.add(at);
    if (needed.has(at)) for (const operand of operands(step)) needed.add(operand);
  }
  const kept = [...needed].toSorted((a, b) => a - b);
  const body = kept.map((at) => renumbered(steps[at] as LoopInstruction, (operand) => kept.indexOf(operand)));
  const firstOf = (changes: ReadonlyMap<number, Change>): Change | undefined =>
    kept.map((at) => changes.get(at)).find((change) => change !== undefined);
  // Bounds lie beside what is compared with, and often need no cut of their own then.
  return { spec: { ...spec, body }, change: firstOf(comparisons) ?? firstOf(bounds) };
}

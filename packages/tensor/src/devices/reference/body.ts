/** Turns the steps of a loop body into closures over one frame, so that a walk is a plain list of calls. */
import type { ComputeDType } from '../../dtype/dtype.ts';
import { InternalError } from '../../errors.ts';
import type { LoopInstruction } from '../../kernel/spec.ts';
import { bitcast, convert, scalarInstructions } from '../../scalar/instructions.ts';
import { rounders } from './arithmetic.ts';
import type { Elements } from './elements.ts';
import { affine } from './indices.ts';
import { boundTo } from './kernel.ts';

/** The state that the steps of one kernel share. */
export interface Frame {
  /** The current index, outer dimensions first; kept up to date by whoever walks. */
  readonly index: number[];
  /** The current value of each step. */
  readonly values: Float64Array;
  elements: readonly Elements[];
  /** Sizes of the walked dimensions, as far as their lengths go. */
  sizes: readonly number[];
  /** The finished product, for the epilogue of a contraction. */
  accumulator: number;
}

/** A frame for a body of `steps` steps over `rank` dimensions. */
export function createFrame(steps: number, rank: number): Frame {
  return {
    index: new Array<number>(rank).fill(0),
    values: new Float64Array(steps),
    elements: [],
    sizes: [],
    accumulator: 0,
  };
}

/** Evaluates one step at the frame's index, leaving its value (if it has one) in the frame. */
export type Step = () => void;

/** One closure per step of `body`; a `reduce` has none here (its walk folds it), so calling it throws. */
export function compileBody(body: readonly LoopInstruction[], frame: Frame): Step[] {
  return body.map((step, position) => compileStep(step, position, body, frame));
}

function compileStep(step: LoopInstruction, position: number, body: readonly LoopInstruction[], frame: Frame): Step {
  const { values } = frame;
  switch (step.kind) {
    case 'load': {
      const { binding } = step.access;
      const at = affine(step.access.offset, step.access.strides, frame.index);
      return () => void (values[position] = boundTo(frame.elements, binding).read(at()));
    }
    case 'gather': {
      const { binding } = step.access;
      const at = affine(step.access.offset, step.access.strides, frame.index);
      return () =>
        void (values[position] = boundTo(frame.elements, binding).read(
          at() + valueAt(values, step.index) * step.stride,
        ));
    }
    case 'index': {
      const at = affine(step.offset, step.strides, frame.index);
      const wrap = rounders[step.dtype];
      return () => void (values[position] = wrap(at()));
    }
    case 'constant': {
      const value = rounders[step.dtype](Number(step.value));
      return () => void (values[position] = value);
    }
    case 'scalar': {
      const [a = 0, b = 0, c = 0] = step.args;
      const evaluate = evaluator(step, argumentDType(step, body));
      return () => void (values[position] = evaluate(valueAt(values, a), valueAt(values, b), valueAt(values, c)));
    }
    case 'accumulator':
      return () => void (values[position] = frame.accumulator);
    case 'store': {
      const { binding } = step.access;
      const at = affine(step.access.offset, step.access.strides, frame.index);
      const { displaced } = step;
      if (!displaced) return () => boundTo(frame.elements, binding).write(at(), valueAt(values, step.arg));
      return () =>
        boundTo(frame.elements, binding).write(
          at() + valueAt(values, displaced.index) * displaced.stride,
          valueAt(values, step.arg),
        );
    }
    case 'reduce':
      return () => {
        throw new InternalError(
          'reference',
          `step ${position} is a reduction outside a walk: its kernel has no inner dimensions to fold`,
        );
      };
  }
}

const valueAt = (values: Float64Array, position: number): number => values[position] ?? Number.NaN;

type ScalarStep = Extract<LoopInstruction, { kind: 'scalar' }>;

/** The compute dtype of the first value argument: the one a scalar instruction's meaning depends on. */
function argumentDType(step: ScalarStep, body: readonly LoopInstruction[]): ComputeDType {
  const argument = body[step.args[step.op === 'select' ? 1 : 0] ?? -1];
  if (argument === undefined || argument.kind === 'store') {
    throw new InternalError(
      'reference',
      `'${step.op}' refers to a step without a value: arguments must be earlier loads, constants or results`,
    );
  }
  return argument.dtype;
}

function evaluator(step: ScalarStep, from: ComputeDType): (a: number, b: number, c: number) => number {
  const to = step.dtype;
  if (step.op === 'cast') return (a) => convert(from, to, a);
  if (step.op === 'bitcast') return (a) => bitcast(from, to, a);
  const { evaluate } = scalarInstructions[step.op];
  const round = rounders[to];
  return (a, b, c) => round(evaluate(from, a, b, c));
}

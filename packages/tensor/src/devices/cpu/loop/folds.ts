/** Writes the reductions of a loop nest: partial results in registers, joined at the end of a walk. */
import type { ComputeDType } from '../../../dtype/dtype.ts';
import type { Expression, Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import type { Nest } from './nest.ts';
import { constantOf, identityOf, joining } from './reductions.ts';
import { scalarCode } from './scalar-code.ts';
import type { Scope } from './scope.ts';
import type { Instruction } from './steps.ts';
import { extractLane, lanesPerRegister, scalarOf, splat } from './value.ts';
import { vectorCode } from './vector-code.ts';

/** Partial results of one reduction during a walk. */
export interface Accumulator {
  readonly position: number;
  readonly step: Instruction<'reduce'>;
  /** Vector registers, if lanes are folded. */
  readonly vector: readonly Local[];
  readonly scalar: Local | undefined;
}

/** The reductions of one kernel. Several vectors of partial results keep additions from waiting for each other. */
export class Folds {
  readonly #nest: Nest;
  readonly #f: FunctionBuilder;
  readonly #library: MathLibrary;
  readonly #scope: Scope;

  constructor(nest: Nest, f: FunctionBuilder, library: MathLibrary, scope: Scope) {
    this.#nest = nest;
    this.#f = f;
    this.#library = library;
    this.#scope = scope;
  }

  /** Starts a reduction for a walk that takes up to `widest` lanes at once, and perhaps single ones after them. */
  start(position: number, widest: number, hasScalarRest: boolean): Accumulator {
    const { mode, spec, varying } = this.#nest;
    const step = spec.body[position] as Instruction<'reduce'>;
    const identity = constantOf(step.dtype, identityOf(step.op, step.dtype));
    const folds = mode === 'points' ? widest > 1 : widest > 1 && varying[position] === true;
    const registers = folds ? widest / lanesPerRegister(step.dtype) : 0;
    const vector = Array.from({ length: registers }, () => this.#f.let(splat(step.dtype, identity)));
    const scalar = registers === 0 || (mode === 'points' && hasScalarRest) ? this.#f.let(identity) : undefined;
    return { position, step, vector, scalar };
  }

  /** Folds the current value in. */
  add({ step, vector, scalar }: Accumulator, lanes: number): void {
    const join = joining(step.op, step.dtype);
    if (vector.length === 0 || lanes === 1) {
      const argument = this.#scope.converted(this.#scope.scalar(step.arg), step.dtype);
      if (scalar) this.#f.set(scalar, this.#join(join, step.dtype, scalar, scalarOf(argument)));
      return;
    }
    const argument = this.#scope.converted(this.#scope.vector(step.arg, lanes), step.dtype);
    for (const [i, register] of argument.registers.entries()) {
      const accumulator = vector[i] as Local;
      this.#f.set(accumulator, this.#joinVectors(join, step.dtype, accumulator, register));
    }
  }

  /** Makes one value, or one for each lane of rows, of the partial results. */
  finish({ position, step, vector, scalar }: Accumulator, rowLanes: number): void {
    const { dtype } = step;
    if (this.#nest.mode !== 'points' || vector.length === 0) {
      const registers = vector.length > 0 ? vector : [scalar as Local];
      this.#scope.set(position, { dtype, lanes: vector.length > 0 ? rowLanes : 1, registers });
      return;
    }
    const join = joining(step.op, dtype);
    let registers: readonly Local[] = vector;
    while (registers.length > 1) {
      const half = registers.length / 2;
      registers = registers
        .slice(0, half)
        .map((register, i) => this.#f.let(this.#joinVectors(join, dtype, register, registers[half + i] as Local)));
    }
    let lanes: Expression[] = Array.from({ length: lanesPerRegister(dtype) }, (_, lane) =>
      this.#f.let(extractLane(dtype, registers, lane)),
    );
    while (lanes.length > 1) {
      const half = lanes.length / 2;
      lanes = lanes
        .slice(0, half)
        .map((lane, i) => this.#f.let(this.#join(join, dtype, lane, lanes[half + i] as Expression)));
    }
    const folded = lanes[0] as Expression;
    const total = scalar ? this.#f.let(this.#join(join, dtype, folded, scalar)) : folded;
    this.#scope.set(position, { dtype, lanes: 1, registers: [total] });
  }

  #join(join: ReturnType<typeof joining>, dtype: ComputeDType, a: Expression, b: Expression): Expression {
    return scalarCode({ op: join, dtype, result: dtype, operands: [a, b], library: this.#library });
  }

  #joinVectors(join: ReturnType<typeof joining>, dtype: ComputeDType, a: Expression, b: Expression): Expression {
    const operands = [[a], [b]];
    const site = {
      op: join,
      dtype,
      result: dtype,
      operands,
      operandDTypes: [dtype, dtype],
      shiftCount: undefined,
      constant: undefined,
      lanes: lanesPerRegister(dtype),
    };
    return vectorCode({ ...site, library: this.#library })[0] as Expression;
  }
}

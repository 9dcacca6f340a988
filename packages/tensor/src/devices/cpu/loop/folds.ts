/**
 * Writes the reductions of a loop nest: partial results in registers, joined at the end of a walk.
 *
 * Rounding: an f32 sum adds at most `blockLength` terms in a register; blocks add up in f64. So its error is at most
 * (blockLength + 8) · 2^-24 of the sum of magnitudes, however long it is. Products are kept in f64 throughout.
 */
import type { ComputeDType, DType } from '../../../dtype/dtype.ts';
import type { ReduceOp } from '../../../kernel/spec.ts';
import { op, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { PlainOp } from '../assembler/opcodes.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { addBits, finishBits, startBits, type BitExtremum } from './bit-extrema.ts';
import type { Nest } from './nest.ts';
import { plainMaxima } from './plain-maxima.ts';
import { constantOf, identityOf, joining } from './reductions.ts';
import { scalarCode } from './scalar-code.ts';
import type { Scope } from './scope.ts';
import type { Instruction } from './steps.ts';
import { extractLane, lanesPerRegister, scalarOf, splat } from './value.ts';
import { convertVector, vectorCode } from './vector-code.ts';

/** Partial results in registers of one dtype. */
interface Partials {
  readonly dtype: ComputeDType;
  /** Vector registers, if lanes are folded. */
  readonly vector: readonly Local[];
  readonly scalar: Local | undefined;
  /** Of maxima and minima of floats in vectors: what pseudo-extrema lose. */
  readonly lost?: Lost;
}

/** Partial results of one reduction during a walk. */
export interface Accumulator {
  readonly position: number;
  readonly step: Instruction<'reduce'>;
  /** What values are folded into. */
  readonly block: Partials;
  /** Where blocks add up, if there are several. */
  readonly whole: Partials | undefined;
  /** In place of these: an extremum of what is moved as it is. */
  readonly bits?: BitExtremum | undefined;
}

/**
 * A pseudo-maximum is one machine instruction on x86, an IEEE maximum eight. It loses NaN, and which of the two zeros is the
 * larger, so both are kept beside it: that there was a NaN, and the sign, which of a maximum is negative where all signs are, and
 * of a minimum where any is. Over points all registers share a pair, since they end in one value, and there is none where nothing of
 * that is asked for (`plain-maxima.ts`).
 */
interface Lost {
  readonly wrong: readonly Local[];
  readonly signs: readonly Local[];
}

/** How many f32 terms one register adds up before the block goes to the f64 sum. */
const blockLength = 64;

/** After how many rounds of which loop of a walk the blocks of its sums are full. */
export interface Blocks {
  readonly dim: number;
  readonly rounds: number;
}

/** Finds the outermost loop of which a round stays within a block; undefined if the whole walk does. `rounds` by dimension. */
export function blocksOf(rounds: readonly number[], first: number): Blocks | undefined {
  let terms = 1;
  for (let dim = rounds.length - 1; dim >= 0; dim--) {
    const all = terms * (rounds[dim] as number);
    if (all > blockLength) return { dim: first + dim, rounds: Math.floor(blockLength / terms) };
    terms = all;
  }
  return undefined;
}

type FloatDType = 'f32' | 'f64';
const isFloat = (dtype: ComputeDType): dtype is FloatDType => dtype === 'f32' || dtype === 'f64';

/** The instructions of maxima, or minima, of a float. */
function extrema(reduce: ReduceOp, dtype: FloatDType) {
  const shape = dtype === 'f32' ? 'f32x4' : 'f64x2';
  return reduce === 'max'
    ? ({ shape, pseudo: `${shape}.pmax`, ofSigns: 'v128.and' } as const)
    : ({ shape, pseudo: `${shape}.pmin`, ofSigns: 'v128.or' } as const);
}

/** The reductions of one kernel. Several vectors of partial results keep additions from waiting for each other. */
export class Folds {
  readonly #nest: Nest;
  readonly #f: FunctionBuilder;
  readonly #library: MathLibrary;
  readonly #scope: Scope;
  readonly #plain: ReadonlySet<number>;
  readonly #moved: ReadonlyMap<number, DType>;

  constructor(nest: Nest, f: FunctionBuilder, library: MathLibrary, scope: Scope, moved: ReadonlyMap<number, DType>) {
    this.#moved = moved;
    this.#nest = nest;
    this.#plain = nest.mode === 'points' ? plainMaxima(nest.spec) : new Set();
    this.#f = f;
    this.#library = library;
    this.#scope = scope;
  }

  /**
   * Starts a reduction for a walk that takes up to `widest` lanes at once, and perhaps single ones after them. `long`
   * walks settle their blocks.
   */
  start(position: number, widest: number, hasScalarRest: boolean, long: boolean): Accumulator {
    const { mode, spec, varying } = this.#nest;
    const step = spec.body[position] as Instruction<'reduce'>;
    const folds = mode === 'points' ? widest > 1 : widest > 1 && varying[position] === true;
    const lanes = folds ? widest : 0;
    const moved = this.#moved.get(position);
    if (moved !== undefined) {
      const bits = startBits(this.#f, step, moved, Math.max(1, lanes));
      return { position, step, block: { dtype: step.dtype, vector: [], scalar: undefined }, whole: undefined, bits };
    }
    const rest = lanes === 0 || (mode === 'points' && hasScalarRest);
    const isWideProduct = step.op === 'prod' && step.dtype === 'f32';
    const block = this.#partials(step, isWideProduct ? 'f64' : step.dtype, lanes, rest, this.#plain.has(position));
    const inBlocks = long && step.op === 'sum' && step.dtype === 'f32';
    // Lanes over points end in one sum: four will do for it.
    const whole = inBlocks
      ? this.#partials(step, 'f64', mode === 'points' ? Math.min(4, lanes) : lanes, rest)
      : undefined;
    return { position, step, block, whole };
  }

  #partials(step: Instruction<'reduce'>, dtype: ComputeDType, lanes: number, rest: boolean, isPlain = false): Partials {
    const identity = constantOf(dtype, identityOf(step.op, dtype));
    const vector = Array.from({ length: lanes / lanesPerRegister(dtype) }, () => this.#f.let(splat(dtype, identity)));
    const partials = { dtype, vector, scalar: rest ? this.#f.let(identity) : undefined };
    if (vector.length === 0 || !isFloat(dtype) || (step.op !== 'max' && step.op !== 'min')) return partials;
    const each = isPlain ? [] : this.#nest.mode === 'points' ? [0] : vector;
    const none = v128([0, 0, 0, 0]);
    const wrong = each.map(() => this.#f.let(none));
    const signs = each.map(() => this.#f.let(step.op === 'max' ? op('v128.not', none) : none));
    return { ...partials, lost: { wrong, signs } };
  }

  /** Folds the current value in. */
  add({ step, block: { dtype, vector, scalar, lost }, bits }: Accumulator, lanes: number): void {
    if (bits) return addBits(this.#f, bits, this.#scope.get(step.arg));
    const join = joining(step.op, dtype);
    if (vector.length === 0 || lanes === 1) {
      const argument = this.#scope.converted(this.#scope.scalar(step.arg), dtype);
      if (scalar) this.#f.set(scalar, this.#join(join, dtype, scalar, scalarOf(argument)));
      return;
    }
    const argument = this.#scope.converted(this.#scope.vector(step.arg, lanes), dtype);
    for (const [i, register] of argument.registers.entries()) {
      const accumulator = vector[i] as Local;
      if (lost && isFloat(dtype)) this.#addExtremum(step.op, dtype, accumulator, register, lost, i);
      else this.#f.set(accumulator, this.#joinVectors(join, dtype, accumulator, register));
    }
  }

  #addExtremum(
    reduce: ReduceOp,
    dtype: FloatDType,
    accumulator: Local,
    register: Expression,
    { wrong, signs }: Lost,
    place: number,
  ): void {
    const x = this.#f.let(register);
    const [isWrong, sign] = [wrong[place % wrong.length], signs[place % signs.length]];
    const { shape, pseudo, ofSigns } = extrema(reduce, dtype);
    this.#f.set(accumulator, op(pseudo, accumulator, x));
    if (!isWrong || !sign) return;
    this.#f.set(isWrong, op('v128.or', isWrong, op(`${shape}.ne`, x, x)));
    this.#f.set(sign, op(ofSigns, sign, x));
  }

  /** The extrema as they are, with what was lost put back. */
  #restored(step: Instruction<'reduce'>, partials: Partials): Partials {
    const { dtype, vector, lost } = partials;
    if (!lost || !isFloat(dtype)) return partials;
    const { pseudo } = extrema(step.op, dtype);
    let registers = vector;
    while (registers.length > Math.max(1, lost.wrong.length)) {
      const half = registers.length / 2;
      registers = registers
        .slice(0, half)
        .map((register, i) => this.#f.let(op(pseudo, register, registers[half + i] as Local)));
    }
    if (lost.wrong.length === 0) return { ...partials, vector: registers };
    const signBits = dtype === 'f32' ? v128([1 << 31, 1 << 31, 1 << 31, 1 << 31]) : v128([0, 1 << 31, 0, 1 << 31]);
    const restored = registers.map((register, i) =>
      this.#f.let(
        op('v128.or', op('v128.bitselect', lost.signs[i] as Local, register, signBits), lost.wrong[i] as Local),
      ),
    );
    return { dtype, vector: restored, scalar: partials.scalar };
  }

  /** Adds the block to the whole, and starts another. */
  settle({ block, whole }: Accumulator): void {
    if (whole === undefined) return;
    const joined = block.vector.length > 0 && this.#nest.mode === 'points' ? this.#halved('add', block) : block.vector;
    const wide = convertVector('f32', 'f64', joined);
    for (const [i, sum] of whole.vector.entries()) this.#f.set(sum, op('f64x2.add', sum, wide[i] as Expression));
    if (whole.scalar && block.scalar)
      this.#f.set(whole.scalar, op('f64.add', whole.scalar, op('f64.promote_f32', block.scalar)));
    const zero = constantOf('f32', 0);
    for (const register of block.vector) this.#f.set(register, splat('f32', zero));
    if (block.scalar) this.#f.set(block.scalar, zero);
  }

  /** Makes one value, or one for each lane of rows, of the partial results: `scale` times what was added up. */
  finish(accumulator: Accumulator, rowLanes: number, scale = 1): void {
    const { position, step, block, whole, bits } = accumulator;
    if (bits) {
      const joined = this.#nest.mode === 'points';
      const lanes = joined || this.#nest.varying[position] !== true ? 1 : rowLanes;
      return this.#scope.set(position, finishBits(this.#f, bits, lanes, joined));
    }
    this.settle(accumulator);
    const partials = this.#restored(step, whole ?? block);
    const { dtype, vector, scalar } = partials;
    const lanes = this.#nest.mode !== 'points' && vector.length > 0 ? rowLanes : 1;
    const found = lanes > 1 ? vector : [vector.length > 0 ? this.#folded(step, partials) : (scalar as Local)];
    const registers = scale === 1 ? found : found.map((register) => this.#scaled(dtype, lanes, register, scale));
    const value = { dtype, lanes, registers };
    if (dtype === step.dtype) this.#scope.set(position, value);
    else this.#scope.keep(position, this.#scope.converted(value, step.dtype));
  }

  #scaled(dtype: ComputeDType, lanes: number, register: Local, scale: number): Local {
    const constant = constantOf(dtype, scale);
    const shape = lanes === 1 ? dtype : dtype === 'f64' ? 'f64x2' : 'f32x4';
    return this.#f.let(op(`${shape}.mul` as PlainOp, register, lanes === 1 ? constant : splat(dtype, constant)));
  }

  /** All lanes and the single values after them as one. */
  #folded(step: Instruction<'reduce'>, partials: Partials): Local {
    const { dtype, scalar } = partials;
    const join = joining(step.op, dtype);
    const registers = this.#halved(join, partials);
    let lanes: Expression[] = Array.from({ length: lanesPerRegister(dtype) }, (_, lane) =>
      this.#f.let(extractLane(dtype, registers, lane)),
    );
    while (lanes.length > 1) {
      const half = lanes.length / 2;
      lanes = lanes
        .slice(0, half)
        .map((lane, i) => this.#f.let(this.#join(join, dtype, lane, lanes[half + i] as Expression)));
    }
    const folded = lanes[0] as Local;
    return scalar ? this.#f.let(this.#join(join, dtype, folded, scalar)) : folded;
  }

  /** The vector registers joined to a single one. */
  #halved(join: ReturnType<typeof joining>, { dtype, vector }: Partials): readonly Local[] {
    let registers = vector;
    while (registers.length > 1) {
      const half = registers.length / 2;
      registers = registers
        .slice(0, half)
        .map((register, i) => this.#f.let(this.#joinVectors(join, dtype, register, registers[half + i] as Local)));
    }
    return registers;
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
    return vectorCode({ ...site, library: this.#library, f: this.#f })[0] as Expression;
  }
}

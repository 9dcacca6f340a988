/** Generates the WebAssembly function of a loop spec. */
import { dtypes, type ComputeDType } from '../../../dtype/dtype.ts';
import type { Phase } from '../../../kernel/phases.ts';
import type { LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { Addressing } from './addressing.ts';
import { arrange, type Nest } from './nest.ts';
import { constantOf, identityOf, joining } from './reductions.ts';
import { convertScalar, scalarCode } from './scalar-code.ts';
import { displace, loadLanes, loadScalar, loadVector, storeLanes, storeScalar, storeVector, type Place } from './storage.ts';
import { extractLane, lanesPerRegister, scalarOf, scalarTypes, splat, type Value } from './value.ts';
import { addScalar, convertVector, laneNumbers, vectorCode } from './vector-code.ts';

type Instruction<K extends LoopInstruction['kind']> = Extract<LoopInstruction, { kind: K }>;

/** Writes the code of `spec` into `f`; binding addresses are read from the argument area. */
export function generateLoop(spec: LoopSpec, f: FunctionBuilder, library: MathLibrary, vectorise = true): void {
  new LoopGenerator(arrange(spec, vectorise), f, library).generate();
}

/** Lane counts to go through a dimension of `size` with: wide vectors, then four lanes, then one by one. */
function widthsFor(size: number, steps: number): { readonly lanes: number; readonly count: number }[] {
  const widest = steps <= 8 && size >= 64 ? 16 : 4;
  const result: { lanes: number; count: number }[] = [];
  let rest = size;
  for (const lanes of new Set([widest, 4, 1])) {
    const count = Math.floor(rest / lanes);
    if (count > 0) result.push({ lanes, count });
    rest -= count * lanes;
  }
  return result;
}

/** Rounds written out instead of looped over, as in the windows of a pooling. */
const unrolled = 3;

/** Partial results of one reduction during a walk. */
interface Accumulator {
  readonly position: number;
  readonly step: Instruction<'reduce'>;
  /** Vector registers, if lanes are folded. */
  readonly vector: readonly Local[];
  readonly scalar: Local | undefined;
}

class LoopGenerator {
  readonly #nest: Nest;
  readonly #f: FunctionBuilder;
  readonly #library: MathLibrary;
  readonly #addressing: Addressing;
  /** Values known at the current place, by step. */
  #values = new Map<number, Value>();
  /** Scalars already spread over lanes outside the current loop. */
  readonly #splats = new Map<number, Expression>();

  constructor(nest: Nest, f: FunctionBuilder, library: MathLibrary) {
    this.#nest = nest;
    this.#f = f;
    this.#library = library;
    this.#addressing = new Addressing(f, nest);
  }

  generate(): void {
    const { spec, mode } = this.#nest;
    if (spec.outer.includes(0)) return;
    for (const [position, step] of spec.body.entries()) {
      if (step.kind !== 'constant') continue;
      const value = constantOf(step.dtype, step.dtype === 'bool' ? (Number(step.value) === 0 ? 0 : 1) : Number(step.value));
      this.#values.set(position, { dtype: step.dtype, lanes: 1, registers: [value] });
      if (mode !== 'none') this.#splats.set(position, this.#f.let(splat(step.dtype, value)));
    }
    this.#outerLoops(0);
  }

  #outerLoops(dim: number): void {
    const { outer, mode } = this.#nest;
    const size = outer[dim];
    if (size === undefined) this.#row(1);
    else if (mode === 'rows' && dim === outer.length - 1) this.#along(dim, size, widthsFor(size, this.#nest.spec.body.length), (lanes) => this.#row(lanes));
    else this.#along(dim, size, [{ lanes: 1, count: size }], () => this.#outerLoops(dim + 1));
  }

  /** Loops along one dimension, moving the pointers of `positions`, and puts them back. */
  #along(dim: number, size: number, widths: readonly { lanes: number; count: number }[], body: (lanes: number) => void, positions?: readonly number[]): void {
    let moved = 0;
    for (const { lanes, count } of widths) {
      const round = (moves: boolean): void => {
        body(lanes);
        if (moves) this.#addressing.advance(dim, lanes, positions);
      };
      const ends = moved + lanes * count === size;
      if (count <= unrolled) {
        for (let i = 0; i < count; i++) round(!ends || i < count - 1);
        moved += lanes * (ends ? count - 1 : count);
      } else {
        this.#f.repeat(count, () => round(true));
        moved += lanes * count;
      }
    }
    this.#addressing.advance(dim, -moved, positions);
  }

  /** One row, or with lanes over rows `lanes` of them. */
  #row(lanes: number): void {
    const { before, walks } = this.#nest;
    const outside = this.#values;
    const splatsOutside = new Map(this.#splats);
    this.#values = new Map(outside);
    for (const position of before) this.#step(position, lanes);
    for (const walk of walks) {
      this.#walk(walk, lanes);
      for (const position of walk.rows) this.#step(position, lanes);
    }
    this.#values = outside;
    this.#splats.clear();
    for (const [position, expression] of splatsOutside) this.#splats.set(position, expression);
  }

  #walk(walk: Phase, rowLanes: number): void {
    const { inner, outer, mode, spec } = this.#nest;
    const overPoints = mode === 'points';
    const widths = overPoints ? widthsFor(inner.at(-1) ?? 1, walk.points.length + walk.reduces.length) : [{ lanes: rowLanes, count: inner.at(-1) ?? 1 }];
    const widest = Math.max(...widths.map((width) => width.lanes));
    const accumulators = walk.reduces.map((position) => this.#startFold(position, widest, widths.at(-1)?.lanes === 1));
    if (widest > 1) this.#spreadRowValues(walk);
    const innermost = outer.length + inner.length - 1;
    const points = (lanes: number): void => {
      const outside = this.#values;
      this.#values = new Map(outside);
      for (const position of walk.points) this.#step(position, lanes);
      for (const accumulator of accumulators) this.#fold(accumulator, lanes);
      this.#values = outside;
    };
    const loops = (dim: number): void => {
      const size = inner[dim - outer.length];
      if (size === undefined) points(rowLanes);
      else if (dim === innermost) this.#along(dim, size, overPoints ? widths : [{ lanes: 1, count: size }], (lanes) => points(overPoints ? lanes : rowLanes), walk.points);
      else this.#along(dim, size, [{ lanes: 1, count: size }], () => loops(dim + 1), walk.points);
    };
    if (!spec.inner.includes(0)) loops(outer.length);
    for (const accumulator of accumulators) this.#finishFold(accumulator, rowLanes);
  }

  /** Row values that this walk needs in vectors are spread once, before it. */
  #spreadRowValues(walk: Phase): void {
    const { spec, varying } = this.#nest;
    const readers = [...walk.points.filter((position) => varying[position] || spec.body[position]?.kind === 'store'), ...walk.reduces];
    for (const reader of readers) {
      for (const position of argumentsOf(spec.body[reader] as LoopInstruction)) {
        const value = this.#values.get(position);
        if (value === undefined || value.lanes > 1 || this.#splats.has(position)) continue;
        this.#splats.set(position, this.#f.let(splat(value.dtype, scalarOf(value))));
      }
    }
  }

  #startFold(position: number, widest: number, hasScalarRest: boolean): Accumulator {
    const { mode, spec, varying } = this.#nest;
    const step = spec.body[position] as Instruction<'reduce'>;
    const identity = constantOf(step.dtype, identityOf(step.op, step.dtype));
    const folds = mode === 'points' ? widest > 1 : widest > 1 && varying[position] === true;
    const registers = folds ? widest / lanesPerRegister(step.dtype) : 0;
    const vector = Array.from({ length: registers }, () => this.#f.let(splat(step.dtype, identity)));
    const scalar = registers === 0 || (mode === 'points' && hasScalarRest) ? this.#f.let(identity) : undefined;
    return { position, step, vector, scalar };
  }

  #fold({ step, vector, scalar }: Accumulator, lanes: number): void {
    const join = joining(step.op, step.dtype);
    if (vector.length === 0 || lanes === 1) {
      const argument = this.#converted(this.#scalar(step.arg), step.dtype);
      if (scalar) this.#f.set(scalar, this.#join(join, step.dtype, scalar, scalarOf(argument)));
      return;
    }
    const argument = this.#converted(this.#vector(step.arg, lanes), step.dtype);
    for (const [i, register] of argument.registers.entries()) {
      const accumulator = vector[i] as Local;
      this.#f.set(accumulator, this.#joinVectors(join, step.dtype, accumulator, register));
    }
  }

  #finishFold({ position, step, vector, scalar }: Accumulator, rowLanes: number): void {
    const { dtype } = step;
    if (this.#nest.mode !== 'points' || vector.length === 0) {
      const registers = vector.length > 0 ? vector : [scalar as Local];
      this.#values.set(position, { dtype, lanes: vector.length > 0 ? rowLanes : 1, registers });
      return;
    }
    const join = joining(step.op, dtype);
    let registers: readonly Local[] = vector;
    while (registers.length > 1) {
      const half = registers.length / 2;
      registers = registers.slice(0, half).map((register, i) => this.#f.let(this.#joinVectors(join, dtype, register, registers[half + i] as Local)));
    }
    let lanes: Expression[] = Array.from({ length: lanesPerRegister(dtype) }, (_, lane) => this.#f.let(extractLane(dtype, registers, lane)));
    while (lanes.length > 1) {
      const half = lanes.length / 2;
      lanes = lanes.slice(0, half).map((lane, i) => this.#f.let(this.#join(join, dtype, lane, lanes[half + i] as Expression)));
    }
    const folded = lanes[0] as Expression;
    const total = scalar ? this.#f.let(this.#join(join, dtype, folded, scalar)) : folded;
    this.#values.set(position, { dtype, lanes: 1, registers: [total] });
  }

  #join(join: ReturnType<typeof joining>, dtype: ComputeDType, a: Expression, b: Expression): Expression {
    return scalarCode({ op: join, dtype, result: dtype, operands: [a, b], library: this.#library });
  }

  #joinVectors(join: ReturnType<typeof joining>, dtype: ComputeDType, a: Expression, b: Expression): Expression {
    const operands = [[a], [b]];
    const site = { op: join, dtype, result: dtype, operands, operandDTypes: [dtype, dtype], shiftCount: undefined, constant: undefined, lanes: lanesPerRegister(dtype) };
    return vectorCode({ ...site, library: this.#library, f: this.#f })[0] as Expression;
  }

  /** Computes one step for `lanes` indices of the vectorised dimension and remembers its value. */
  #step(position: number, lanes: number): void {
    const step = this.#nest.spec.body[position] as LoopInstruction;
    const width = this.#nest.varying[position] ? lanes : 1;
    switch (step.kind) {
      case 'load':
        return this.#keep(position, step.dtype, this.#load(position, step, width, this.#addressing.place(position, step)));
      case 'gather':
        return this.#keep(position, step.dtype, this.#gather(position, step, width));
      case 'index':
        return this.#keep(position, step.dtype, this.#index(position, step, width));
      case 'scalar':
        return this.#keep(position, step.dtype, this.#compute(step, width));
      case 'store':
        return this.#store(position, step, lanes);
      default:
        return;
    }
  }

  /** Names the registers of a value, converted to the dtype the step declares. */
  #keep(position: number, dtype: ComputeDType, value: Value): void {
    const converted = this.#converted(value, dtype);
    this.#values.set(position, { dtype, lanes: value.lanes, registers: converted.registers.map((register) => this.#f.let(register)) });
  }

  #converted(value: Value, dtype: ComputeDType): Value {
    if (value.dtype === dtype) return value;
    const registers =
      value.lanes === 1 ? [convertScalar(value.dtype, dtype, scalarOf(value))] : convertVector(value.dtype, dtype, value.registers.map((register) => this.#f.let(register)));
    return { dtype, lanes: value.lanes, registers };
  }

  #load(position: number, step: Instruction<'load'> | Instruction<'gather'>, lanes: number, place: Place): Value {
    const { dtype } = this.#nest.spec.bindings[step.access.binding] as { dtype: keyof typeof dtypes };
    const { bytes, compute } = dtypes[dtype];
    if (lanes === 1) return { dtype: compute, lanes, registers: [loadScalar(dtype, place, this.#library)] };
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    const registers =
      apart === bytes ? loadVector(dtype, lanes, place, this.#library) : loadLanes(dtype, lanes, (lane) => displace(place, lane * apart), this.#library);
    return { dtype: compute, lanes, registers };
  }

  #gather(position: number, step: Instruction<'gather'>, lanes: number): Value {
    const { dtype } = this.#nest.spec.bindings[step.access.binding] as { dtype: keyof typeof dtypes };
    const { bytes, compute } = dtypes[dtype];
    const place = this.#addressing.place(position, step);
    const displaced = (index: Expression): Place => ({
      address: op('i32.add', place.address, op('i32.mul', index, i32(step.stride * bytes))),
      offset: place.offset,
    });
    const index = this.#valueOf(step.index);
    if (index.lanes === 1) {
      const { address, offset } = displaced(scalarOf(index));
      return this.#load(position, step, lanes, { address: this.#f.let(address), offset });
    }
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    const registers = loadLanes(dtype, lanes, (lane) => displace(displaced(extractLane('i32', index.registers, lane)), lane * apart), this.#library);
    return { dtype: compute, lanes, registers };
  }

  #index(position: number, step: Instruction<'index'>, lanes: number): Value {
    const start = this.#addressing.place(position, step).address;
    if (lanes === 1) return { dtype: step.dtype, lanes, registers: [start] };
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    const registers = Array.from({ length: lanes / 4 }, (_, i) => addScalar(laneNumbers(i, apart), start));
    return { dtype: step.dtype, lanes, registers };
  }

  #compute(step: Instruction<'scalar'>, lanes: number): Value {
    const { body } = this.#nest.spec;
    const dtypeOf = (position: number): ComputeDType => (body[position] as { dtype: ComputeDType }).dtype;
    const dtype = dtypeOf(step.args[step.op === 'select' ? 1 : 0] as number);
    const shared = { op: step.op, dtype, result: step.dtype, library: this.#library };
    if (lanes === 1) {
      const operands = step.args.map((argument) => scalarOf(this.#valueOf(argument)));
      return { dtype: resultOf(step, dtype), lanes, registers: [scalarCode({ ...shared, operands })] };
    }
    // A constant bound is looked for in the second place.
    const swaps = (step.op === 'min' || step.op === 'max') && this.#constantAt(step.args[0]) !== undefined;
    const args = swaps ? [...step.args].reverse() : step.args;
    const values = args.map((argument) => this.#vector(argument, lanes));
    const second = args[1];
    const count = second === undefined ? undefined : this.#valueOf(second);
    const registers = vectorCode({
      ...shared,
      operands: values.map((value) => value.registers),
      operandDTypes: values.map((value) => value.dtype),
      shiftCount: count?.lanes === 1 ? scalarOf(count) : undefined,
      constant: this.#constantAt(second),
      lanes,
      f: this.#f,
    });
    return { dtype: resultOf(step, dtype), lanes, registers };
  }

  #constantAt(position: number | undefined): number | undefined {
    const step = position === undefined ? undefined : this.#nest.spec.body[position];
    return step?.kind === 'constant' ? Number(step.value) : undefined;
  }

  #store(position: number, step: Instruction<'store'>, lanes: number): void {
    const { dtype } = this.#nest.spec.bindings[step.access.binding] as { dtype: keyof typeof dtypes };
    const { bytes, compute } = dtypes[dtype];
    const place = this.#addressing.place(position, step);
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    if (lanes === 1 || apart === 0) {
      const value = this.#named(this.#converted(this.#scalar(step.arg), compute));
      return storeScalar(this.#f, dtype, place, scalarOf(value), this.#library);
    }
    const { registers } = this.#named(this.#converted(this.#vector(step.arg, lanes), compute));
    if (apart === bytes) storeVector(this.#f, dtype, place, registers, this.#library);
    else storeLanes(this.#f, dtype, (lane) => displace(place, lane * apart), registers, lanes, this.#library);
  }

  #named(value: Value): Value {
    return { ...value, registers: value.registers.map((register) => ('index' in register ? register : this.#f.let(register))) };
  }

  #valueOf(position: number): Value {
    return this.#values.get(position) as Value;
  }

  /** A value that is the same in all lanes, as a scalar. */
  #scalar(position: number): Value {
    const value = this.#valueOf(position);
    return value.lanes === 1 ? value : { dtype: value.dtype, lanes: 1, registers: [extractLane(value.dtype, value.registers, 0)] };
  }

  #vector(position: number, lanes: number): Value {
    const value = this.#valueOf(position);
    if (value.lanes > 1) return value;
    const register = this.#splats.get(position) ?? this.#f.let(splat(value.dtype, scalarOf(value)));
    return { dtype: value.dtype, lanes, registers: Array.from({ length: lanes / lanesPerRegister(value.dtype) }, () => register) };
  }
}

function argumentsOf(step: LoopInstruction): readonly number[] {
  if (step.kind === 'scalar') return step.args;
  return step.kind === 'reduce' || step.kind === 'store' ? [step.arg] : [];
}

/** The dtype an instruction's code leaves; the step may declare another only for casts, which convert by themselves. */
function resultOf(step: Instruction<'scalar'>, dtype: ComputeDType): ComputeDType {
  return step.op === 'lt' || step.op === 'le' || step.op === 'eq' ? 'bool' : step.op === 'cast' || step.op === 'bitcast' ? step.dtype : dtype;
}

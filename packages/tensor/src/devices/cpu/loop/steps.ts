/** Writes the steps of a loop body, for one index or for several lanes at once. */
import type { ComputeDType, DType } from '../../../dtype/dtype.ts';
import type { Binding, LoopInstruction } from '../../../kernel/spec.ts';
import { i32, op, select, type Expression } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import type { Addressing } from './addressing.ts';
import { DelayedStores } from './delayed-stores.ts';
import { Halves } from './halves.ts';
import type { Nest } from './nest.ts';
import { turnedOver } from './register-tiles.ts';
import { scalarCode } from './scalar-code.ts';
import { shareFunction } from './shares.ts';
import type { Scope } from './scope.ts';
import {
  bytesOf,
  computeOf,
  displace,
  hasEveryOther,
  loadEveryOther,
  loadLanes,
  loadScalar,
  loadRegister,
  loadVector,
  storeBits,
  storeLanes,
  storeScalar,
  storeVector,
  type Place,
  type Stored,
} from './storage.ts';
import { extractLane, scalarOf, type Value } from './value.ts';
import { addScalar, laneNumbers, vectorCode, zeroVector } from './vector-code.ts';

/** One kind of step. */
export type Instruction<K extends LoopInstruction['kind']> = Extract<LoopInstruction, { kind: K }>;

/** Loads, computes and stores; reductions are the business of `Folds`. */
export class Steps {
  readonly #nest: Nest;
  readonly #f: FunctionBuilder;
  readonly #library: MathLibrary;
  /** Its conversions from and to numbers of 16 bits. */
  readonly halves: Halves;
  readonly #late: DelayedStores;
  readonly #addressing: Addressing;
  readonly #scope: Scope;
  /** What is moved as it is. */
  readonly #moved: ReadonlyMap<number, DType>;

  constructor(
    nest: Nest,
    f: FunctionBuilder,
    library: MathLibrary,
    addressing: Addressing,
    scope: Scope,
    moved: ReadonlyMap<number, DType>,
  ) {
    this.#nest = nest;
    this.#f = f;
    this.#library = library;
    this.halves = new Halves(f, library);
    this.#late = new DelayedStores(f, this.halves);
    this.#addressing = addressing;
    this.#scope = scope;
    this.#moved = moved;
  }

  /** Computes one step for `lanes` indices of the vectorised dimension and remembers its value. */
  write(position: number, lanes: number): void {
    const step = this.#nest.spec.body[position] as LoopInstruction;
    const width = this.#nest.varying[position] ? lanes : 1;
    switch (step.kind) {
      case 'load':
        return this.#keep(
          position,
          step.dtype,
          this.#load(position, step, width, this.#addressing.place(position, step)),
        );
      case 'gather':
        return this.#keep(position, step.dtype, this.#gather(position, step, width));
      case 'index':
        return this.#keep(position, step.dtype, this.#index(position, step, width));
      case 'scalar':
        return this.#keep(position, step.dtype, this.#compute(position, step, width));
      case 'store':
        return this.#store(position, step, lanes);
      default:
        return;
    }
  }

  /** Writes a loop of `count` rounds in which those of some steps that store vectors of f16 at neighbouring places are a round behind. */
  behind(positions: readonly number[], lanes: number, count: number | Expression, loop: () => void): void {
    const { spec, varying, laneDim } = this.#nest;
    const places = new Map<number, Place>();
    for (const position of lanes % 8 === 0 ? positions : []) {
      const step = spec.body[position] as LoopInstruction;
      if (step.kind !== 'store' || step.displaced || varying[step.arg] !== true) continue;
      const isVector = this.#addressing.step(position, laneDim) === 2 && this.#stored(step.arg, step) === 'f16';
      if (isVector) places.set(position, this.#addressing.place(position, step));
    }
    this.#late.within(places, lanes, count, loop);
  }

  /** The values of a load for as many neighbours along a dimension as there are lanes; see `RegisterTiles`. */
  turnedOver(position: number, side: number): readonly Value[] {
    const step = this.#nest.spec.body[position] as Instruction<'load'>;
    const dtype = this.#stored(position, step);
    const place = this.#addressing.place(position, step);
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    const rows = Array.from({ length: side }, (_, lane) => loadRegister(displace(place, lane * apart)));
    return turnedOver(this.#f, rows).map((register) => {
      const registers = side === 8 ? this.halves.widenEight(dtype, register) : [register];
      return this.#declared(position, step.dtype, { dtype: computeOf(dtype), lanes: side, registers });
    });
  }

  /** A value converted to the dtype the step declares, unless it is moved as it is. */
  #declared(position: number, dtype: ComputeDType, value: Value): Value {
    return this.#moved.has(position) ? value : this.#scope.converted(value, dtype);
  }

  /** Remembers a value, converted to the dtype the step declares. */
  #keep(position: number, dtype: ComputeDType, value: Value): void {
    this.#scope.keep(position, this.#declared(position, dtype, value));
  }

  /** What the elements are stored as that step `value` reads, or which hold it. */
  #stored(value: number, { access }: Instruction<'load' | 'gather' | 'store'>): Stored {
    return this.#moved.has(value) ? 'bits16' : (this.#nest.spec.bindings[access.binding] as Binding).dtype;
  }

  #load(position: number, step: Instruction<'load'> | Instruction<'gather'>, lanes: number, place: Place): Value {
    const dtype = this.#stored(position, step);
    const [bytes, compute] = [bytesOf(dtype), computeOf(dtype)];
    if (lanes === 1) return { dtype: compute, lanes, registers: [loadScalar(this.#f, dtype, place, this.halves)] };
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    const registers =
      apart === bytes
        ? loadVector(this.#f, dtype, lanes, place, this.halves)
        : apart === 2 * bytes && hasEveryOther(dtype, lanes)
          ? loadEveryOther(this.#f, dtype, lanes, place, this.halves)
          : loadLanes(this.#f, dtype, lanes, (lane) => displace(place, lane * apart), this.halves);
    return { dtype: compute, lanes, registers };
  }

  #gather(position: number, step: Instruction<'gather'>, lanes: number): Value {
    const dtype = this.#stored(position, step);
    const [bytes, compute] = [bytesOf(dtype), computeOf(dtype)];
    const place = this.#addressing.place(position, step);
    const displaced = (index: Expression): Place => ({
      address: op('i32.add', place.address, op('i32.mul', index, i32(step.stride * bytes))),
      offset: place.offset,
    });
    const index = this.#scope.get(step.index);
    if (index.lanes === 1) {
      const { address, offset } = displaced(scalarOf(index));
      return this.#load(position, step, lanes, { address: this.#f.let(address), offset });
    }
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    const registers = loadLanes(
      this.#f,
      dtype,
      lanes,
      (lane) => displace(displaced(extractLane('i32', index.registers, lane)), lane * apart),
      this.halves,
    );
    return { dtype: compute, lanes, registers };
  }

  #index(position: number, step: Instruction<'index'>, lanes: number): Value {
    const start = this.#addressing.place(position, step).address;
    if (lanes === 1) return { dtype: step.dtype, lanes, registers: [start] };
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    const registers = Array.from({ length: lanes / 4 }, (_, i) => addScalar(laneNumbers(i, apart), start));
    return { dtype: step.dtype, lanes, registers };
  }

  #compute(position: number, step: Instruction<'scalar'>, lanes: number): Value {
    if (this.#moved.has(position)) return this.#moving(step, lanes);
    const { body } = this.#nest.spec;
    const dtypeOf = (argument: number): ComputeDType => (body[argument] as { dtype: ComputeDType }).dtype;
    const dtype = dtypeOf(step.args[step.op === 'select' ? 1 : 0] as number);
    const shared = { op: step.op, dtype, result: step.dtype, library: this.#library };
    if (lanes === 1) {
      const operands = step.args.map((argument) => scalarOf(this.#scope.get(argument)));
      return { dtype: resultOf(step, dtype), lanes, registers: [scalarCode({ ...shared, operands })] };
    }
    const share = shareFunction(this.#nest.spec, position);
    if (share !== undefined) {
      const { registers } = this.#scope.vector(step.args[0] as number, lanes);
      return { dtype, lanes, registers: registers.map((each) => this.#library.within(this.#f, share, each)) };
    }
    // A constant bound is looked for in the second place.
    const swaps = (step.op === 'min' || step.op === 'max') && this.#constantAt(step.args[0]) !== undefined;
    const args = swaps ? step.args.toReversed() : step.args;
    const values = args.map((argument) => this.#scope.vector(argument, lanes));
    const second = args[1];
    const count = second === undefined ? undefined : this.#scope.get(second);
    const registers = vectorCode({
      ...shared,
      operands: values.map((value) => value.registers),
      operandDTypes: values.map((value) => value.dtype as ComputeDType),
      shiftCount: count?.lanes === 1 ? scalarOf(count) : undefined,
      constant: this.#constantAt(second),
      lanes,
      f: this.#f,
    });
    return { dtype: resultOf(step, dtype), lanes, registers };
  }

  /** What moves bits as they are: a choice between them, or such and 0, or a sum with 0, of which -0 comes out as 0. */
  #moving(step: Instruction<'scalar'>, lanes: number): Value {
    if (step.op === 'select') return this.#choice(step, lanes);
    const x = this.#scope.get(step.args.find((argument) => this.#moved.has(argument)) as number);
    const negativeZero = i32(-0x8000);
    const registers =
      x.lanes === 1
        ? [select(op('i32.eq', scalarOf(x), negativeZero), i32(0), scalarOf(x))]
        : x.registers.map((each) =>
            op(
              'v128.andnot',
              each,
              op('i16x8.eq', each, this.#f.once('-0 of 16 bits', op('i16x8.splat', negativeZero))),
            ),
          );
    return { ...x, registers };
  }

  #choice({ args: [condition = 0, ...choices] }: Instruction<'scalar'>, lanes: number): Value {
    if (lanes === 1) {
      const [then, otherwise] = choices.map((choice) =>
        this.#moved.has(choice) ? scalarOf(this.#scope.get(choice)) : i32(0),
      ) as [Expression, Expression];
      const chosen = select(scalarOf(this.#scope.get(condition)), then, otherwise);
      return { dtype: 'bits16', lanes, registers: [chosen] };
    }
    const wide = this.#scope.named(this.#scope.vector(condition, lanes)).registers;
    const masks = Array.from({ length: Math.ceil(lanes / 8) }, (_, i) => {
      const [low, high] = wide.slice(2 * i) as [Expression, Expression?];
      return op('i16x8.narrow_i32x4_s', low, high ?? low);
    });
    const [then, otherwise] = choices.map((choice) =>
      this.#moved.has(choice) ? this.#scope.vector(choice, lanes).registers : masks.map(() => zeroVector),
    ) as [readonly Expression[], readonly Expression[]];
    const chosen = masks.map((mask, i) =>
      op('v128.bitselect', then[i] as Expression, otherwise[i] as Expression, mask),
    );
    return { dtype: 'bits16', lanes, registers: chosen };
  }

  #constantAt(position: number | undefined): number | undefined {
    const step = position === undefined ? undefined : this.#nest.spec.body[position];
    return step?.kind === 'constant' ? Number(step.value) : undefined;
  }

  /** A place moved by an index that is the same for all lanes. */
  #displaced({ displaced }: Instruction<'store'>, bytes: number, { address, offset }: Place): Place {
    if (!displaced) return { address, offset };
    const index = scalarOf(this.#scope.scalar(displaced.index));
    const moved = op('i32.add', address, op('i32.mul', index, i32(displaced.stride * bytes)));
    return { address: this.#f.let(moved), offset };
  }

  #store(position: number, step: Instruction<'store'>, lanes: number): void {
    const dtype = this.#stored(step.arg, step);
    const [bytes, compute] = [bytesOf(dtype), computeOf(dtype)];
    const place = this.#displaced(step, bytes, this.#addressing.place(position, step));
    const apart = this.#addressing.step(position, this.#nest.laneDim);
    if (lanes === 1 || apart === 0) {
      const value = this.#scope.named(this.#scope.converted(this.#scope.scalar(step.arg), compute));
      return storeScalar(this.#f, dtype, place, scalarOf(value), this.halves);
    }
    const { registers } = this.#scope.named(this.#scope.converted(this.#scope.vector(step.arg, lanes), compute));
    if (this.#late.exchange(position, place, registers)) return;
    if (apart === bytes && dtype === 'bits16') storeBits(this.#f, place, registers, lanes);
    else if (apart === bytes) storeVector(this.#f, dtype, place, registers, this.halves);
    else storeLanes(this.#f, dtype, (lane) => displace(place, lane * apart), registers, lanes, this.halves);
  }
}

/** The dtype an instruction's code leaves; the step may declare another only for casts, which convert by themselves. */
function resultOf(step: Instruction<'scalar'>, dtype: ComputeDType): ComputeDType {
  return step.op === 'lt' || step.op === 'le' || step.op === 'eq'
    ? 'bool'
    : step.op === 'cast' || step.op === 'bitcast'
      ? step.dtype
      : dtype;
}

/** The values known at one place of a generated loop nest. */
import type { Expression } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import { convertScalar } from './scalar-code.ts';
import { extractLane, lanesPerRegister, scalarOf, splat, type LaneDType, type Value } from './value.ts';
import { convertVector } from './vector-code.ts';

/** Values by the position of their step, with the vectors that scalars were spread into. */
export class Scope {
  readonly #f: FunctionBuilder;
  #values = new Map<number, Value>();
  #splats = new Map<number, Expression>();

  constructor(f: FunctionBuilder) {
    this.#f = f;
  }

  /** Runs `body` in a scope of its own: what it adds is forgotten afterwards. */
  within(body: () => void): void {
    const [values, splats] = [this.#values, this.#splats];
    this.#values = new Map(values);
    this.#splats = new Map(splats);
    body();
    this.#values = values;
    this.#splats = splats;
  }

  /** Remembers a value whose registers are locals or constants. */
  set(position: number, value: Value): void {
    this.#values.set(position, value);
  }

  /** Gives each register of a value a local and remembers it. */
  keep(position: number, value: Value): void {
    this.set(position, this.named(value));
  }

  /** The value of a step. */
  get(position: number): Value {
    return this.#values.get(position) as Value;
  }

  /** Spreads a scalar over lanes here, where it is done once, for loops further inside. */
  spread(position: number): void {
    const value = this.#values.get(position);
    if (value === undefined || value.lanes > 1 || this.#splats.has(position)) return;
    this.#splats.set(position, this.#f.let(splat(value.dtype, scalarOf(value))));
  }

  /** A value that is the same in all lanes, as a scalar. */
  scalar(position: number): Value {
    const value = this.get(position);
    if (value.lanes === 1) return value;
    return { dtype: value.dtype, lanes: 1, registers: [extractLane(value.dtype, value.registers, 0)] };
  }

  /** A value as vectors of `lanes` lanes. */
  vector(position: number, lanes: number): Value {
    const value = this.get(position);
    if (value.lanes > 1) return value;
    const register = this.#splats.get(position) ?? this.#f.let(splat(value.dtype, scalarOf(value)));
    const registers = Array.from({ length: Math.ceil(lanes / lanesPerRegister(value.dtype)) }, () => register);
    return { dtype: value.dtype, lanes, registers };
  }

  /** The value converted to another compute dtype. */
  converted(value: Value, dtype: LaneDType): Value {
    if (value.dtype === dtype || value.dtype === 'bits16' || dtype === 'bits16') return value;
    const { lanes } = value;
    if (lanes === 1) return { dtype, lanes, registers: [convertScalar(value.dtype, dtype, scalarOf(value))] };
    return { dtype, lanes, registers: convertVector(value.dtype, dtype, this.named(value).registers) };
  }

  /** The value with registers that may be emitted any number of times. */
  named(value: Value): Value {
    return { ...value, registers: value.registers.map((register) => this.#f.let(register)) };
  }
}

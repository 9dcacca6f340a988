/** Builds one WebAssembly function from statements. */
import { InternalError } from '../../../errors.ts';
import type { ByteWriter } from './byte-writer.ts';
import {
  i32,
  memoryOp,
  op,
  tee,
  typeBytes,
  type Callable,
  type Expression,
  type Local,
  type ValueType,
} from './expression.ts';
import type { MemoryOp } from './opcodes.ts';

/** The start of a loop or the end of a block, to branch to. */
export interface Label {
  readonly depth: number;
}

/** A function under construction; callable from the moment it is declared. */
export class FunctionBuilder<const Parameters extends readonly ValueType[] = readonly ValueType[]> implements Callable {
  readonly name: string;
  readonly parameters: Parameters;
  readonly result: ValueType;
  /** The parameters as locals. */
  readonly arguments: { readonly [Position in keyof Parameters]: Local };
  readonly #indexOf: () => number;
  readonly #locals: ValueType[] = [];
  readonly #statements: ((out: ByteWriter) => void)[] = [];
  readonly #beginning = new Map<string, { readonly local: Local; readonly value: Expression }>();
  #depth = 0;

  constructor(name: string, parameters: Parameters, result: ValueType, indexOf: () => number) {
    this.name = name;
    this.parameters = parameters;
    this.result = result;
    this.#indexOf = indexOf;
    this.arguments = parameters.map((type, index) => makeLocal(type, index)) as typeof this.arguments;
  }

  get index(): number {
    return this.#indexOf();
  }

  /** The `position`th parameter. */
  argument(position: number): Local {
    const local = this.arguments[position];
    if (local === undefined) throw new InternalError('assembler', `${this.name} has no parameter ${position}`);
    return local;
  }

  /** A new local variable, 0 at first. */
  local(type: ValueType): Local {
    this.#locals.push(type);
    return makeLocal(type, this.parameters.length + this.#locals.length - 1);
  }

  /** A new local variable that holds `value` from here on. */
  let(value: Expression): Local {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  /** A local variable that holds `value` from the beginning of the function: one for each key. */
  once(key: string, value: Expression): Local {
    const known = this.#beginning.get(key);
    if (known) return known.local;
    const local = this.local(value.type);
    this.#beginning.set(key, { local, value });
    return local;
  }

  /** Assignment. */
  set(local: Local, value: Expression): void {
    if (local.type !== value.type)
      throw new InternalError('assembler', `${this.name}: a ${value.type} cannot be assigned to a ${local.type} local`);
    this.#statements.push((out) => assign(out, local, value));
  }

  /** local += value, on i32. */
  increase(local: Local, value: Expression | number): void {
    if (value === 0) return;
    this.set(local, op('i32.add', local, typeof value === 'number' ? i32(value) : value));
  }

  /** A store or another expression without a value. */
  do(statement: Expression): void {
    if (statement.type !== 'none')
      throw new InternalError('assembler', `${this.name}: a statement must not leave a ${statement.type}`);
    this.#statements.push(statement.emit);
  }

  /** A store instruction. */
  store(name: MemoryOp, address: Expression, value: Expression, offset = 0, lane?: number): void {
    this.do(memoryOp(name, offset, [address, value], lane));
  }

  /** Leaves the function with `value`. */
  return(value?: Expression): void {
    this.#statements.push((out) => {
      value?.emit(out);
      out.byte(0x0f);
    });
  }

  /** `then` if the condition holds, else `otherwise`. */
  if(condition: Expression, then: () => void, otherwise?: () => void): void {
    this.#statements.push((out) => {
      condition.emit(out);
      out.raw([0x04, 0x40]);
    });
    this.#nested(then);
    if (otherwise) {
      this.#plain(0x05);
      this.#nested(otherwise);
    }
    this.#plain(0x0b);
  }

  /** A block; branching to its label leaves it. */
  block(body: (end: Label) => void): void {
    this.#statements.push((out) => out.raw([0x02, 0x40]));
    this.#nested(() => body({ depth: this.#depth }));
    this.#plain(0x0b);
  }

  /** A loop; branching to its label starts the next round, running off its end leaves it. */
  loop(body: (again: Label) => void): void {
    this.#statements.push((out) => out.raw([0x03, 0x40]));
    this.#nested(() => body({ depth: this.#depth }));
    this.#plain(0x0b);
  }

  /** A branch to `label` if the condition holds. */
  branchIf(label: Label, condition: Expression): void {
    const distance = this.#depth - label.depth;
    this.#statements.push((out) => {
      condition.emit(out);
      out.byte(0x0d);
      out.unsigned(distance);
    });
  }

  /** Runs the body `count` times. A constant count of 0 or 1 makes no loop; a computed count may be 0 (or less: none). */
  repeat(count: number | Expression, body: () => void): void {
    if (typeof count === 'number') {
      if (count === 1) body();
      else if (count > 1) this.#countDown(this.let(i32(count)), body);
      return;
    }
    const remaining = this.let(count);
    this.if(op('i32.gt_s', remaining, i32(0)), () => this.#countDown(remaining, body));
  }

  /** Covers a computed count of equal things: the body for `together` of them as often as there are so many, then for one. */
  repeatTogether(count: Expression, together: number, body: (count: number) => void): void {
    this.repeat(op('i32.div_u', count, i32(together)), () => body(together));
    this.repeat(op('i32.rem_u', count, i32(together)), () => body(1));
  }

  /** The body with its locals, as the code section holds it. */
  encode(out: ByteWriter): void {
    out.unsigned(this.#locals.length);
    for (const type of this.#locals) {
      if (type === 'none') throw new InternalError('assembler', `${this.name}: a local needs a type`);
      out.unsigned(1);
      out.byte(typeBytes[type]);
    }
    for (const { local, value } of this.#beginning.values()) assign(out, local, value);
    for (const statement of this.#statements) statement(out);
    out.byte(0x0b);
  }

  #countDown(remaining: Local, body: () => void): void {
    this.loop((again) => {
      body();
      this.branchIf(again, tee(remaining, op('i32.sub', remaining, i32(1))));
    });
  }

  #nested(body: () => void): void {
    this.#depth++;
    body();
    this.#depth--;
  }

  #plain(byte: number): void {
    this.#statements.push((out) => out.byte(byte));
  }
}

function assign(out: ByteWriter, local: Local, value: Expression): void {
  value.emit(out);
  out.byte(0x21);
  out.unsigned(local.index);
}

function makeLocal(type: ValueType, index: number): Local {
  return {
    type,
    index,
    emit: (out) => {
      out.byte(0x20);
      out.unsigned(index);
    },
  };
}

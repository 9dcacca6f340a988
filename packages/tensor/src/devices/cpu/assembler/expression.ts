/**
 * WebAssembly instructions as typed expression trees. Operand types are checked when a tree is built, so that a mistake
 * in a code generator is reported where it was made and not as an invalid module.
 */
import { InternalError } from '../../../errors.ts';
import type { ByteWriter } from './byte-writer.ts';
import { laneOpcodes, memoryOpcodes, plainOpcodes, type LaneOp, type MemoryOp, type PlainOp } from './opcodes.ts';

/** The type of a WebAssembly value; `none` is the result of a statement. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'none';

/** Code that leaves one value of `type` on the stack. */
export interface Expression {
  readonly type: ValueType;
  readonly emit: (out: ByteWriter) => void;
}

/** A parameter or local variable; as an expression it reads itself. */
export interface Local extends Expression {
  readonly index: number;
}

/** Something that can be called; `index` is known once all imports are declared. */
export interface Callable {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  readonly index: number;
}

/** Type bytes of the binary format. */
export const typeBytes: Readonly<Record<Exclude<ValueType, 'none'>, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const letters: Readonly<Record<string, ValueType>> = { i: 'i32', l: 'i64', f: 'f32', d: 'f64', v: 'v128' };

interface Encoding {
  readonly prefix: number | undefined;
  readonly code: number;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
}

function parse(text: string): Encoding {
  const [hex = '', signature = ''] = text.split(' ');
  const [parameters = '', result = ''] = signature.split('>');
  const prefixed = hex.length > 2;
  return {
    prefix: prefixed ? Number.parseInt(hex.slice(0, 2), 16) : undefined,
    code: Number.parseInt(prefixed ? hex.slice(2) : hex, 16),
    parameters: [...parameters].map((letter) => letters[letter] ?? 'none'),
    result: letters[result] ?? 'none',
  };
}

/** Those that were asked for: to parse all takes a while when a program starts. */
const encodings = new Map<string, Encoding>();
const opcodes: Readonly<Record<string, string>> = { ...plainOpcodes, ...memoryOpcodes, ...laneOpcodes };

function encodingOf(name: string, operands: readonly Expression[]): Encoding {
  const known = encodings.get(name);
  const text = opcodes[name];
  if (text === undefined) throw new InternalError('assembler', `unknown instruction ${name}`);
  const encoding = known ?? parse(text);
  if (!known) encodings.set(name, encoding);
  checkOperands(name, encoding.parameters, operands);
  return encoding;
}

function checkOperands(name: string, expected: readonly ValueType[], operands: readonly Expression[]): void {
  const given = operands.map((operand) => operand.type);
  if (given.join() === expected.join()) return;
  throw new InternalError('assembler', `${name} takes (${expected.join(', ')}) but was given (${given.join(', ')})`);
}

function emitCode(out: ByteWriter, encoding: Encoding): void {
  if (encoding.prefix === undefined) out.byte(encoding.code);
  else {
    out.byte(encoding.prefix);
    out.unsigned(encoding.code);
  }
}

/** An instruction: its operands, its code, its immediates. */
function instruction(
  name: string,
  operands: readonly Expression[],
  emitImmediates: (out: ByteWriter) => void = () => {},
): Expression {
  const encoding = encodingOf(name, operands);
  return {
    type: encoding.result,
    emit: (out) => {
      for (const operand of operands) operand.emit(out);
      emitCode(out, encoding);
      emitImmediates(out);
    },
  };
}

/** An instruction without immediates. */
export function op(name: PlainOp, ...operands: readonly Expression[]): Expression {
  return instruction(name, operands);
}

/** An instruction on one lane: `extract_lane` and `replace_lane`. */
export function laneOp(name: LaneOp, lane: number, ...operands: readonly Expression[]): Expression {
  return instruction(name, operands, (out) => out.byte(lane));
}

/** A load (an expression) or a store (a statement) at `address + offset`; `lane` for the lane forms. */
export function memoryOp(name: MemoryOp, offset: number, operands: readonly Expression[], lane?: number): Expression {
  return instruction(name, operands, (out) => {
    // Alignment is only a hint; 0 promises nothing, and engines do not care.
    out.byte(0);
    out.unsigned(offset);
    if (lane !== undefined) out.byte(lane);
  });
}

/** A constant of 32 bits; values above 2^31 wrap. */
export function i32(value: number): Expression {
  return {
    type: 'i32',
    emit: (out) => {
      out.byte(0x41);
      out.signed(value | 0);
    },
  };
}

/** A binary32 constant. */
export function f32(value: number): Expression {
  return {
    type: 'f32',
    emit: (out) => {
      out.byte(0x43);
      out.float32(value);
    },
  };
}

/** A binary64 constant. */
export function f64(value: number): Expression {
  return {
    type: 'f64',
    emit: (out) => {
      out.byte(0x44);
      out.float64(value);
    },
  };
}

/** A vector constant given as four 32-bit words. */
export function v128(words: readonly [number, number, number, number]): Expression {
  return {
    type: 'v128',
    emit: (out) => {
      out.byte(0xfd);
      out.unsigned(0x0c);
      for (const word of words) for (let shift = 0; shift < 32; shift += 8) out.byte((word >>> shift) & 255);
    },
  };
}

/** A vector of the 16 bytes of `a` (0 to 15) and `b` (16 to 31) in the given order. */
export function shuffle8(a: Expression, b: Expression, bytes: readonly number[]): Expression {
  checkOperands('i8x16.shuffle', ['v128', 'v128'], [a, b]);
  return {
    type: 'v128',
    emit: (out) => {
      a.emit(out);
      b.emit(out);
      out.byte(0xfd);
      out.unsigned(0x0d);
      out.raw(bytes);
    },
  };
}

/** A vector of the 16-bit words of `a` (0 to 7) and `b` (8 to 15) in the given order. */
export function shuffle16(a: Expression, b: Expression, words: readonly number[]): Expression {
  return shuffle8(
    a,
    b,
    words.flatMap((word) => [2 * word, 2 * word + 1]),
  );
}

/** A vector of the 32-bit words of `a` (0 to 3) and `b` (4 to 7) in the given order. */
export function shuffle32(a: Expression, b: Expression, words: readonly [number, number, number, number]): Expression {
  return shuffle8(
    a,
    b,
    words.flatMap((word) => [0, 1, 2, 3].map((byte) => word * 4 + byte)),
  );
}

/** `whenTrue` if `condition` is not 0; both sides are computed. */
export function select(condition: Expression, whenTrue: Expression, whenFalse: Expression): Expression {
  checkOperands('select', [whenTrue.type, whenTrue.type, 'i32'], [whenTrue, whenFalse, condition]);
  return {
    type: whenTrue.type,
    emit: (out) => {
      whenTrue.emit(out);
      whenFalse.emit(out);
      condition.emit(out);
      if (whenTrue.type === 'v128') out.raw([0x1c, 1, typeBytes.v128]);
      else out.byte(0x1b);
    },
  };
}

/** Assigns `value` to `local` and is that value. */
export function tee(local: Local, value: Expression): Expression {
  checkOperands('local.tee', [local.type], [value]);
  return {
    type: local.type,
    emit: (out) => {
      value.emit(out);
      out.byte(0x22);
      out.unsigned(local.index);
    },
  };
}

/** A direct call. */
export function call(callee: Callable, ...operands: readonly Expression[]): Expression {
  checkOperands(callee.name, callee.parameters, operands);
  return {
    type: callee.result,
    emit: (out) => {
      for (const operand of operands) operand.emit(out);
      out.byte(0x10);
      out.unsigned(callee.index);
    },
  };
}

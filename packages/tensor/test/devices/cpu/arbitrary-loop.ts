/**
 * Random loop specs with inputs, whose results must agree exactly between devices: floats stay small multiples of a
 * quarter, so that no operation in f32 rounds and the order of sums does not matter.
 */
import fc from 'fast-check';
import { dtypes, type ComputeDType, type DType } from '../../../src/dtype/dtype.ts';
import type { Binding, LoopInstruction, LoopSpec, ReduceOp } from '../../../src/kernel/spec.ts';
import { levels } from '../../../src/kernel/phases.ts';
import type { ScalarOp } from '../../../src/scalar/instructions.ts';

/** A spec and the numbers of its bindings. */
export interface LoopCase {
  readonly spec: LoopSpec;
  readonly contents: readonly (readonly number[])[];
}

type Draw = fc.GeneratorValue;

const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
const integer = (draw: Draw, min: number, max: number): number => draw(fc.integer, { min, max });
const oneOf = <T>(draw: Draw, items: readonly T[]): T => items[integer(draw, 0, items.length - 1)] as T;

const inputDTypes: readonly DType[] = ['f32', 'f32', 'f32', 'f64', 'f16', 'bf16', 'i32', 'u32', 'i8', 'u8', 'bool'];
const storedAs: Readonly<Record<ComputeDType, readonly DType[]>> = {
  f32: ['f32', 'f32', 'f16', 'bf16'],
  f64: ['f64'],
  i32: ['i32', 'i8'],
  u32: ['u32', 'u8'],
  bool: ['bool'],
};

const binaryOps: Readonly<Record<ComputeDType, readonly ScalarOp[]>> = {
  f32: ['add', 'sub', 'mul', 'min', 'max', 'lt', 'le', 'eq', 'rem'],
  f64: ['add', 'sub', 'mul', 'min', 'max', 'lt', 'le', 'eq', 'rem'],
  i32: ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'and', 'or', 'xor', 'shl', 'shr', 'mulhi', 'lt', 'le', 'eq'],
  u32: ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'and', 'or', 'xor', 'shl', 'shr', 'mulhi', 'lt', 'le', 'eq'],
  bool: ['and', 'or', 'xor', 'lt', 'le', 'eq'],
};
const unaryOps: Readonly<Record<ComputeDType, readonly ScalarOp[]>> = {
  f32: ['neg', 'abs', 'floor', 'ceil', 'trunc', 'round', 'cast', 'bitcast'],
  f64: ['neg', 'abs', 'floor', 'ceil', 'trunc', 'round', 'cast'],
  i32: ['neg', 'abs', 'cast', 'bitcast'],
  u32: ['neg', 'abs', 'cast', 'bitcast'],
  bool: ['cast'],
};
const comparisons: readonly ScalarOp[] = ['lt', 'le', 'eq'];

/** Numbers whose f32 arithmetic is exact: `bits` bounds how many significant bits they have. */
interface Known {
  readonly dtype: ComputeDType;
  readonly bits: number;
}

class Builder {
  readonly bindings: Binding[] = [];
  readonly contents: number[][] = [];
  readonly body: LoopInstruction[] = [];
  readonly known: (Known | undefined)[] = [];
  readonly draw: Draw;
  readonly outer: number[];
  readonly inner: number[];

  constructor(draw: Draw) {
    this.draw = draw;
    const size = (): number => oneOf(draw, [1, 2, 3, 4, 5, 7, 8, 9, 17, 70]);
    const bounded = (rank: number): number[] => {
      const sizes = Array.from({ length: rank }, size);
      while (product(sizes) > 1500) sizes[sizes.indexOf(Math.max(...sizes))] = 2;
      return sizes;
    };
    this.outer = bounded(integer(draw, 0, 3));
    this.inner = bounded(integer(draw, 0, 2));
    if (integer(draw, 0, 30) === 0 && this.inner.length > 0) this.inner[0] = 0;
  }

  /** Strides of a randomly permuted, flipped and broadcast layout over `sizes`, with the offset that flips need. */
  layout(sizes: readonly number[], broadcasts: boolean): { strides: number[]; offset: number; length: number } {
    const order = sizes.map((_, dim) => dim);
    if (integer(this.draw, 0, 2) === 0) order.sort((a, b) => ((a * 7 + 3) % 5) - ((b * 7 + 3) % 5));
    const strides = sizes.map(() => 0);
    let step = oneOf(this.draw, [1, 1, 1, 2]);
    let offset = integer(this.draw, 0, 1);
    for (const dim of order.toReversed()) {
      if (broadcasts && integer(this.draw, 0, 3) === 0) continue;
      const size = sizes[dim] ?? 1;
      const flipped = integer(this.draw, 0, 5) === 0;
      strides[dim] = flipped ? -step : step;
      if (flipped) offset += step * Math.max(0, size - 1);
      step *= Math.max(1, size);
    }
    return { strides, offset, length: offset + step + 1 };
  }

  numbers(dtype: DType, count: number): number[] {
    const { compute } = dtypes[dtype];
    const seed = integer(this.draw, 1, 1_000_000);
    let state = seed;
    return Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const value = state >>> 16;
      if (compute === 'bool') return value & 1;
      if (compute === 'f32' || compute === 'f64') return ((value % 65) - 32) / 4;
      return dtypes[dtype].encode(value % 7 === 0 ? state | 0 : (value % 19) - 9);
    });
  }

  push(step: LoopInstruction, known?: Known): number {
    this.body.push(step);
    this.known.push(known);
    return this.body.length - 1;
  }

  bind(dtype: DType, access: Binding['access'], contents: number[]): number {
    this.bindings.push({ dtype, access });
    this.contents.push(contents);
    return this.bindings.length - 1;
  }

  load(sizes: readonly number[]): void {
    const dtype = oneOf(this.draw, inputDTypes);
    const { strides, offset, length } = this.layout(sizes, true);
    const binding = this.bind(dtype, 'read', this.numbers(dtype, length));
    const padded = [...strides, ...new Array<number>(this.outer.length + this.inner.length - strides.length).fill(0)];
    this.push(
      { kind: 'load', access: { binding, offset, strides: padded }, dtype: dtypes[dtype].compute },
      { dtype: dtypes[dtype].compute, bits: 6 },
    );
  }

  gather(): void {
    const rank = this.outer.length + this.inner.length;
    const sizes = [...this.outer, ...this.inner];
    const places = this.layout(sizes, true);
    const indices = this.numbers('u8', places.length).map((value) => value % 5);
    const indexBinding = this.bind('i32', 'read', indices);
    const index = this.push(
      { kind: 'load', access: { binding: indexBinding, offset: places.offset, strides: places.strides }, dtype: 'i32' },
      { dtype: 'i32', bits: 6 },
    );
    const dtype = oneOf(this.draw, inputDTypes);
    const strides = new Array<number>(rank).fill(0);
    const lane = integer(this.draw, 0, rank);
    if (lane < rank) strides[lane] = 1;
    const stride = oneOf(this.draw, [1, 3]);
    const binding = this.bind(dtype, 'read', this.numbers(dtype, 5 * stride + Math.max(1, sizes[lane] ?? 1)));
    this.push(
      { kind: 'gather', access: { binding, offset: 0, strides }, index, stride, dtype: dtypes[dtype].compute },
      { dtype: dtypes[dtype].compute, bits: 6 },
    );
  }

  values(): number[] {
    return this.known.flatMap((known, position) => (known ? [position] : []));
  }

  scalar(): void {
    const a = oneOf(this.draw, this.values());
    const { dtype, bits } = this.known[a] as Known;
    const same = this.values().filter((position) => this.known[position]?.dtype === dtype);
    const isFloat = dtype === 'f32' || dtype === 'f64';
    const kind = integer(this.draw, 0, 5);
    if (kind === 0) {
      const conditions = this.values().filter((position) => this.known[position]?.dtype === 'bool');
      if (conditions.length === 0) return;
      const b = oneOf(this.draw, same);
      this.push(
        { kind: 'scalar', op: 'select', args: [oneOf(this.draw, conditions), a, b], dtype },
        { dtype, bits: Math.max(bits, this.known[b]?.bits ?? 0) },
      );
    } else if (kind <= 2) this.unary(a, dtype, bits);
    else {
      const b = oneOf(this.draw, same);
      const op = oneOf(this.draw, binaryOps[dtype]);
      const other = this.known[b]?.bits ?? 0;
      const resultBits = op === 'mul' ? bits + other : Math.max(bits, other) + 2;
      if (isFloat && resultBits > 20) return;
      const result = comparisons.includes(op) ? 'bool' : dtype;
      this.push({ kind: 'scalar', op, args: [a, b], dtype: result }, { dtype: result, bits: resultBits });
    }
  }

  unary(a: number, dtype: ComputeDType, bits: number): void {
    const op = oneOf(this.draw, unaryOps[dtype]);
    if (op === 'cast') {
      const to = oneOf(this.draw, ['f32', 'f64', 'i32', 'u32', 'bool'] as const);
      // A cast from wrapped integers may need more bits than an f32 has: nothing may follow it but a store.
      const wide = dtype === 'i32' || dtype === 'u32';
      this.push({ kind: 'scalar', op, args: [a], dtype: to }, { dtype: to, bits: wide ? 30 : Math.max(bits, 6) });
    } else if (op === 'bitcast') {
      if (dtype !== 'f32') return;
      this.push({ kind: 'scalar', op, args: [a], dtype: 'i32' }, { dtype: 'i32', bits: 30 });
    } else this.push({ kind: 'scalar', op, args: [a], dtype }, { dtype, bits: bits + 1 });
  }

  constant(): void {
    const dtype = oneOf(this.draw, ['f32', 'f64', 'i32', 'u32', 'bool'] as const);
    const value =
      dtype === 'bool'
        ? integer(this.draw, 0, 1)
        : dtype === 'u32'
          ? integer(this.draw, 0, 40)
          : integer(this.draw, -9, 9);
    this.push({ kind: 'constant', value, dtype }, { dtype, bits: 6 });
  }

  index(): void {
    const strides = [...this.outer, ...this.inner].map(() => integer(this.draw, -2, 3));
    const dtype = oneOf(this.draw, ['i32', 'u32'] as const);
    this.push({ kind: 'index', offset: integer(this.draw, -3, 9), strides, dtype }, { dtype, bits: 30 });
  }

  reduce(): void {
    const arg = oneOf(this.draw, this.values());
    const { dtype, bits } = this.known[arg] as Known;
    const op = oneOf<ReduceOp>(
      this.draw,
      dtype === 'f32' || dtype === 'f64' ? ['sum', 'max', 'min'] : ['sum', 'max', 'min', 'prod'],
    );
    const total = op === 'sum' ? bits + Math.ceil(Math.log2(product(this.inner) + 1)) : bits;
    // An empty maximum is infinite, which no later step may turn into NaN by cancelling: keep to integers there.
    if ((dtype === 'f32' || dtype === 'f64') && (total > 22 || product(this.inner) === 0)) return;
    this.push({ kind: 'reduce', op, arg, dtype }, { dtype, bits: total });
  }

  store(arg: number): void {
    const { dtype } = this.known[arg] as Known;
    const level = levels({ body: this.body, outer: this.outer, inner: this.inner })[arg];
    const each = this.inner.length > 0 && (level === 'point' || integer(this.draw, 0, 4) === 0) ? 'point' : 'row';
    const sizes = each === 'point' ? [...this.outer, ...this.inner] : this.outer;
    const { strides, offset, length } = this.layout(sizes, false);
    const stored = oneOf(this.draw, storedAs[dtype]);
    const binding = this.bind(stored, 'write', new Array<number>(length).fill(0));
    const padded = [...strides, ...new Array<number>(this.outer.length + this.inner.length - strides.length).fill(0)];
    this.body.push({ kind: 'store', access: { binding, offset, strides: padded }, arg, each });
    this.known.push(undefined);
  }
}

function build(draw: Draw): LoopCase {
  const builder = new Builder(draw);
  const { outer, inner } = builder;
  builder.load([...outer, ...inner]);
  for (let i = integer(draw, 0, 9); i > 0; i--) {
    const action = integer(draw, 0, 11);
    if (action === 0) builder.load(outer);
    else if (action === 1) builder.load([...outer, ...inner]);
    else if (action === 2) builder.constant();
    else if (action === 3) builder.index();
    else if (action === 4) builder.gather();
    else if (action <= 6 && inner.length > 0) builder.reduce();
    else builder.scalar();
  }
  const values = builder.values();
  builder.store(values.at(-1) as number);
  if (integer(draw, 0, 2) === 0) builder.store(oneOf(draw, values));
  const { bindings, body, contents } = builder;
  return { spec: { kind: 'loop', bindings, outer, inner, body }, contents };
}

/** Random loop specs with their inputs. */
export const loopCases: fc.Arbitrary<LoopCase> = fc.gen().map(build);

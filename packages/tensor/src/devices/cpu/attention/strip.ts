/**
 * The one product that attention is made of, in both directions: a strip of 8 columns, 4 rows at a time in registers, read
 * where the factors lie. Steps are constants, so that the rows of a tile are offsets of one address.
 */
import { call, f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

/** How a strip is computed; steps are bytes, and the columns of b and c are adjacent. */
export interface Strip {
  readonly aRow: number;
  readonly aDepth: number;
  readonly bDepth: number;
  readonly cRow: number;
  /** Vectors of four columns: 2, or 1 of what is left. */
  readonly vectors: 1 | 2;
  /** Whether it is added to what c has. */
  readonly adds: boolean;
  /** Whether to use the fused multiply-add of relaxed SIMD. */
  readonly relaxed: boolean;
}

/** Takes (a, b, c, rows, depth). */
type StripFunction = FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32', 'i32']>;

/** Rows of a register tile: with two vectors of columns, 8 sums, a factor and 2 vectors fit the registers. */
const tileRows = 4;

const load = (address: Expression, offset: number): Expression => memoryOp('v128.load', offset, [address]);

/** sum + a · b, as a strip adds it up. */
export function addInto(
  { relaxed }: Pick<Strip, 'relaxed'>,
  sum: Expression,
  a: Expression,
  b: Expression,
): Expression {
  return relaxed ? op('f32x4.relaxed_madd', a, b, sum) : op('f32x4.add', sum, op('f32x4.mul', a, b));
}

/** Adds `name(a, b, c, rows, depth)`: c = a·b, or c + a·b; the depth is at least 1. */
function addStrip(module: ModuleBuilder, name: string, strip: Strip): StripFunction {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32']);
  const [a, b, c, rows, depth] = f.arguments;
  f.repeatTogether(rows, tileRows, (count) => {
    addTile(f, strip, { a, b, c, depth, count });
    f.increase(a, strip.aRow * count);
    f.increase(c, strip.cRow * count);
  });
  return f;
}

interface TileLocals extends Readonly<Record<'a' | 'b' | 'c' | 'depth', Local>> {
  readonly count: number;
}

function addTile(f: FunctionBuilder, strip: Strip, { a, b, c, depth, count }: TileLocals): void {
  const { aRow, aDepth, bDepth, cRow, vectors, adds } = strip;
  // Offsets are not negative: rows that lie backwards are counted from the last.
  const lowest = Math.min(0, aRow * (count - 1));
  const from = f.let(op('i32.add', a, i32(lowest)));
  const at = f.let(b);
  const sums = Array.from({ length: count * vectors }, () => f.let(op('f32x4.splat', f32(0))));
  const second = Array.from({ length: vectors }, () => f.local('v128'));
  const factor = f.local('v128');
  f.repeat(depth, () => {
    for (const [v, vector] of second.entries()) f.set(vector, load(at, v * 16));
    for (let r = 0; r < count; r++) {
      f.set(factor, memoryOp('v128.load32_splat', r * aRow - lowest, [from]));
      for (const [v, vector] of second.entries()) {
        const sum = sums[r * vectors + v] as Local;
        f.set(sum, addInto(strip, sum, factor, vector));
      }
    }
    f.increase(from, aDepth);
    f.increase(at, bDepth);
  });
  for (const [place, sum] of sums.entries()) {
    const offset = Math.floor(place / vectors) * cRow + (place % vectors) * 16;
    f.store('v128.store', c, adds ? op('f32x4.add', load(c, offset), sum) : sum, offset);
  }
}

/** A product of as many columns as are wanted, a multiple of 4: calls strips side by side. */
export type Product = (
  f: FunctionBuilder,
  a: Expression,
  b: Local,
  c: Local,
  rows: Expression,
  depth: Expression,
) => void;

/** Adds the strips of a product of so many columns. */
export function addProduct(
  module: ModuleBuilder,
  name: string,
  columns: number,
  steps: Omit<Strip, 'vectors'>,
): Product {
  const whole = columns >= 8 ? addStrip(module, name, { ...steps, vectors: 2 }) : undefined;
  const rest = columns % 8 > 0 ? addStrip(module, `${name}Rest`, { ...steps, vectors: 1 }) : undefined;
  return (f, a, b, c, rows, depth) => {
    for (let column = 0; column < columns; column += 8) {
      const strip = (columns - column >= 8 ? whole : rest) as StripFunction;
      const beside = (address: Local): Expression => op('i32.add', address, i32(column * 4));
      f.do(call(strip, a, beside(b), beside(c), rows, depth));
    }
  };
}

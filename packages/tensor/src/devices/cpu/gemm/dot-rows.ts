/**
 * Few rows times the rows of a matrix, as dot products: the matrix streams through once, in several sequences side by side.
 * Rows taken together lie a quarter of the rows apart: of neighbours the hardware would fetch ahead what lies behind the end of each,
 * which is the next one's, at half the rate.
 */
import {
  f32,
  f64,
  i32,
  laneOp,
  memoryOp,
  op,
  select,
  shuffle32,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Products } from './multiply.ts';
import { columnsOfUnits } from './unit-columns.ts';

const load = (address: Expression, offset: number): Expression => memoryOp('v128.load', offset, [address]);

/** Rows of the matrix taken together: with two rows of x, eight sums, made of six vectors. */
const rowsTogether = 4;
/** Rows of the matrix that are gone through before the next ones where each is read more than once. */
const rowsNear = 128;
/** Rows of x that meet a row of the matrix at once; it is gone through again for more, and then comes from a cache. */
const rowsOfOnePass = 2;
/** Sums of a single row with a single one, side by side. */
const sumsApart = 4;
/** Columns that add up in f32, a quarter of them in each lane, before their sum goes to f64. */
const columnBlock = 512;

/**
 * Adds `dotRows(x, w, y, m, rows, columns, xRowStep, wRowStep, yRowStep, yStep)`: y[i, r] = Σ_c x[i, c] · w[r, c]; steps in bytes,
 * rows of `w` and `x` contiguous.
 */
export function addDotRows(module: ModuleBuilder, products: Products): void {
  const f = module.function('dotRows', new Array<'i32'>(10).fill('i32'), 'none', true);
  const [x, w, y, m, rows, columns, xRowStep, wRowStep, yRowStep, yStep] = f.arguments as unknown as TenLocals;
  addAll(f, { x, w, y, m, rows, columns, xRowStep, wRowStep, yRowStep, yStep }, products);
}

/**
 * Adds `dotUnits(begin, end, x, w, y, m, rows, columns, xRowStep, wRowStep, yRowStep, yStep)`: the same for the rows of `w` of units
 * `begin` up to `end`, of `unitColumns` each.
 */
export function addDotUnits(module: ModuleBuilder, products: Products): void {
  const f = module.function('dotUnits', new Array<'i32'>(12).fill('i32'), 'none', true);
  const [begin, end, ...rest] = f.arguments as unknown as readonly [Local, Local, ...TenLocals];
  const [x, w, y, m, all, columns, xRowStep, wRowStep, yRowStep, yStep] = rest;
  const { first, columns: rows } = columnsOfUnits(f, begin, end, all);
  f.if(op('i32.gt_s', rows, i32(0)), () => {
    f.increase(w, op('i32.mul', first, wRowStep));
    f.increase(y, op('i32.mul', first, yStep));
    addAll(f, { x, w, y, m, rows, columns, xRowStep, wRowStep, yRowStep, yStep }, products);
  });
}

type TenLocals = readonly [Local, Local, Local, Local, Local, Local, Local, Local, Local, Local];
type Operands = Readonly<
  Record<'x' | 'w' | 'y' | 'm' | 'rows' | 'columns' | 'xRowStep' | 'wRowStep' | 'yRowStep' | 'yStep', Local>
>;

function addAll(f: FunctionBuilder, operands: Operands, products: Products): void {
  const { x, w, y, m, rows, columns, xRowStep, wRowStep, yRowStep, yStep } = operands;
  const from = f.local('i32');
  const to = f.local('i32');
  const at = f.local('i32');
  /** All rows of x with so many of the matrix, that are `distance` bytes apart and whose results are `next`. */
  const pass = (count: number, distance: Local, next: Local): void => {
    f.set(from, x);
    f.set(to, y);
    f.repeatTogether(m, rowsOfOnePass, (rowsOfX) => {
      const sums = dots(
        f,
        { rowsOfX, rowsOfW: count },
        { x: from, w, columns, xRowStep, wRowStep: distance },
        products,
      );
      for (const row of sums) {
        f.set(at, to);
        for (const sum of row) {
          f.store('f32.store', at, op('f32.demote_f64', sum));
          f.increase(at, next);
        }
        f.increase(to, yRowStep);
      }
      f.increase(from, op('i32.mul', xRowStep, i32(rowsOfX)));
    });
  };
  const moveOn = (rowsOfW: Expression): void => {
    f.increase(w, op('i32.mul', wRowStep, rowsOfW));
    f.increase(y, op('i32.mul', yStep, rowsOfW));
  };
  const [some, share] = [f.local('i32'), f.local('i32')];
  const [distance, next] = [f.local('i32'), f.local('i32')];
  const isRepeated = f.let(op('i32.gt_s', m, i32(rowsOfOnePass)));
  f.loop((again) => {
    f.set(some, select(op('i32.and', isRepeated, op('i32.gt_s', rows, i32(rowsNear))), i32(rowsNear), rows));
    f.increase(rows, op('i32.sub', i32(0), some));
    f.set(share, op('i32.div_u', some, i32(rowsTogether)));
    f.set(distance, op('i32.mul', share, wRowStep));
    f.set(next, op('i32.mul', share, yStep));
    f.repeat(share, () => {
      pass(rowsTogether, distance, next);
      moveOn(i32(1));
    });
    moveOn(op('i32.mul', share, i32(rowsTogether - 1)));
    f.repeat(op('i32.rem_u', some, i32(rowsTogether)), () => {
      pass(1, wRowStep, yStep);
      moveOn(i32(1));
    });
    f.branchIf(again, op('i32.gt_s', rows, i32(0)));
  });
}

/** The sum of the four lanes of a vector of f32, in f64. */
export function sumOfLanes(f: FunctionBuilder, vector: Local): Expression {
  const pairs = f.let(
    op(
      'f64x2.add',
      op('f64x2.promote_low_f32x4', vector),
      op('f64x2.promote_low_f32x4', shuffle32(vector, vector, [2, 3, 2, 3])),
    ),
  );
  return sumOfPair(pairs);
}

/** The sum of both lanes of a vector of f64. */
export function sumOfPair(vector: Local): Expression {
  return op('f64.add', laneOp('f64x2.extract_lane', 0, vector), laneOp('f64x2.extract_lane', 1, vector));
}

/** The dot products of some rows of x with some of the matrix. */
function dots(
  f: FunctionBuilder,
  { rowsOfX, rowsOfW }: { readonly rowsOfX: number; readonly rowsOfW: number },
  { x, w, columns, xRowStep, wRowStep }: Readonly<Record<'x' | 'w' | 'columns' | 'xRowStep' | 'wRowStep', Local>>,
  { addProduct }: Products,
): Local[][] {
  const pointers = (first: Local, rowStep: Local, count: number): Local[] =>
    Array.from({ length: count }, (_, row) => f.let(op('i32.add', first, op('i32.mul', rowStep, i32(row)))));
  const [left, right] = [pointers(x, xRowStep, rowsOfX), pointers(w, wRowStep, rowsOfW)];
  const apart = rowsOfX * rowsOfW === 1 ? sumsApart : 1;
  // Columns of a round. Of more sums V8 moves all loads of a longer round to its top, and spills.
  const step = rowsOfX === 1 ? 16 : 4;
  const products = left.map((from) =>
    right.map((row) => {
      const sums = Array.from({ length: apart }, () => f.local('v128'));
      return { from, row, total: f.let(f64(0)), sums };
    }),
  );
  const remaining = f.let(columns);
  const width = f.local('i32');
  const factors = left.map(() => f.local('v128'));
  const other = f.local('v128');
  const advance = (bytes: number): void => {
    for (const pointer of [...left, ...right]) f.increase(pointer, bytes);
  };
  f.loop((again) => {
    f.set(width, remaining);
    f.if(op('i32.gt_s', width, i32(columnBlock)), () => f.set(width, i32(columnBlock)));
    f.increase(remaining, op('i32.sub', i32(0), width));
    for (const { sums } of products.flat()) for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
    f.repeat(op('i32.div_u', width, i32(step)), () => {
      for (let offset = 0; offset < step * 4; offset += 16) {
        for (const [i, from] of left.entries()) f.set(factors[i] as Local, load(from, offset));
        for (const [r, row] of right.entries()) {
          f.set(other, load(row, offset));
          for (const [i, factor] of factors.entries()) {
            const sum = products[i]?.[r]?.sums[(offset / 16) % apart] as Local;
            f.set(sum, addProduct(sum, factor, other));
          }
        }
      }
      advance(step * 4);
    });
    for (const { sums, total } of products.flat()) {
      const sum = sums.reduce<Expression>(
        (all, one) => (all === one ? one : op('f32x4.add', all, one)),
        sums[0] as Local,
      );
      f.set(total, op('f64.add', total, sumOfLanes(f, f.let(sum))));
    }
    f.repeat(op('i32.rem_u', width, i32(step)), () => {
      for (const { from, row, total } of products.flat())
        f.set(total, op('f64.add', total, op('f64.mul', wide(from), wide(row))));
      advance(4);
    });
    f.branchIf(again, op('i32.gt_s', remaining, i32(0)));
  });
  return products.map((row) => row.map(({ total }) => total));
}

const wide = (address: Expression): Expression => op('f64.promote_f32', memoryOp('f32.load', 0, [address]));

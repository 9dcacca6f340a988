/**
 * Few rows times a row-major matrix, which is read where it lies, once: pairs of rows by strips of its columns. The first pair
 * copies what it reads, for the others, to a panel that stays in the first-level cache however far apart the rows are.
 */
import { f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Products } from './multiply.ts';
import { columnsOfUnits, least } from './unit-columns.ts';

/** Columns of a strip: a cache line. With two rows these are 8 sums, as many as fit beside what they are made of. */
const stripColumns = 16;
/** Most rows of the matrix that a strip takes together. */
const deepestStrip = 64;
/** Bytes of the panel. */
export const panelBytes: number = stripColumns * deepestStrip * 4;
/** Depths that add up in f32, first by strips and then those, before their sum goes to a wide one. */
export const fewRowsBlock = 2048;

/** Whether a matrix of so many bytes stays in a cache from one product to the next. */
export const isNear = (matrixBytes: number): boolean => matrixBytes <= 2 ** 23;

/**
 * Rows of the matrix that a strip takes together for `m` rows of x. What comes from memory comes fastest in so few sequences
 * that the hardware sees all of them; what is in a cache is better not added to the result too often.
 */
export function stripDepth(m: number, matrixBytes: number): number {
  if (isNear(matrixBytes)) return m <= 2 ? 16 : deepestStrip;
  return m <= 4 ? 8 : 12;
}

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);

interface Operands extends Readonly<
  Record<'b' | 'bStep' | 'c' | 'cStep' | 'rowsLeft' | 'depth' | 'adds' | 'aStep' | 'aRowStep' | 'panel', Local>
> {
  /** Of the row, or of both rows, that come next. */
  readonly a: Local;
  readonly products: Products;
}

/**
 * Adds `fewRows(begin, end, a, b, c, m, n, k, aRowStep, aStep, bStep, cStep, panel, deep)`: the columns of units `begin` up to
 * `end` of c = a·b; steps in bytes, of `a` between rows and depths, of `b` and `c` between rows, which are contiguous. Strips
 * are `deep` rows of `b`.
 */
export function addFewRows(module: ModuleBuilder, products: Products): void {
  const f = module.function('fewRows', new Array<'i32'>(14).fill('i32'), 'none', true);
  const [begin, end, a, b, c, m, n, k, aRowStep, aStep, bStep, cStep, panel, deep] =
    f.arguments as unknown as readonly [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
  const { first, columns } = columnsOfUnits(f, begin, end, n);
  const offset = f.let(op('i32.mul', first, i32(4)));
  const left = f.local('i32');
  const depth = f.local('i32');
  const at = { a: f.local('i32'), b: f.local('i32'), c: f.local('i32') };
  const next = { b: f.local('i32'), c: f.local('i32'), step: f.local('i32') };
  const adds = f.local('i32');
  const rowsLeft = f.local('i32');
  const operands: Operands = {
    ...at,
    b: next.b,
    c: next.c,
    bStep: next.step,
    cStep,
    rowsLeft,
    depth,
    adds,
    aStep,
    aRowStep,
    panel,
    products,
  };
  f.if(op('i32.gt_s', columns, i32(0)), () => {
    f.loop((again) => {
      f.set(depth, least(k, deep));
      f.set(at.b, op('i32.add', b, offset));
      f.set(at.c, op('i32.add', c, offset));
      f.set(left, columns);
      /** All rows by `width` columns, as often as there are so many. */
      const strips = (width: number, rows: (operands: Operands) => void): void => {
        f.repeat(op('i32.div_u', left, i32(width)), () => {
          f.set(at.a, a);
          f.set(next.b, at.b);
          f.set(next.c, at.c);
          f.set(next.step, bStep);
          f.set(rowsLeft, m);
          rows(operands);
          f.increase(at.b, width * 4);
          f.increase(at.c, width * 4);
        });
        f.set(left, op('i32.rem_u', left, i32(width)));
      };
      strips(stripColumns, (o) => rowsByStrip(f, o, stripColumns / 4, true));
      strips(4, (o) => rowsByStrip(f, o, 1, false));
      strips(1, (o) => rowsByOne(f, o));
      f.increase(a, op('i32.mul', depth, aStep));
      f.increase(b, op('i32.mul', depth, bStep));
      f.set(adds, i32(1));
      f.increase(k, op('i32.sub', i32(0), deep));
      f.branchIf(again, op('i32.gt_s', k, i32(0)));
    });
  });
}

/** Pairs of rows, and the row that is left. */
function rowsByStrip(f: FunctionBuilder, operands: Operands, vectors: number, copies: boolean): void {
  const { rowsLeft, a, aRowStep, b, bStep, panel } = operands;
  const advance = (rows: number): void => {
    f.increase(a, op('i32.mul', aRowStep, i32(rows)));
    f.increase(rowsLeft, -rows);
  };
  if (copies)
    f.if(op('i32.gt_s', rowsLeft, i32(2)), () => {
      tile(f, 2, vectors, operands, true);
      advance(2);
      f.set(b, panel);
      f.set(bStep, i32(stripColumns * 4));
    });
  f.repeat(op('i32.shr_u', rowsLeft, i32(1)), () => {
    tile(f, 2, vectors, operands, false);
    advance(2);
  });
  f.if(op('i32.gt_s', rowsLeft, i32(0)), () => tile(f, 1, vectors, operands, false));
}

/** A tile of `rows` by `vectors`, whose sums are in registers. Moves `c` on by its rows. */
function tile(f: FunctionBuilder, rows: number, vectors: number, operands: Operands, copies: boolean): void {
  const { a, aStep, aRowStep, b, bStep, c, cStep, depth, adds, panel, products } = operands;
  const sums = Array.from({ length: rows * vectors }, () => f.let(op('f32x4.splat', f32(0))));
  const from = Array.from({ length: rows }, (_, row) => f.let(row === 0 ? a : op('i32.add', a, aRowStep)));
  const second = Array.from({ length: vectors }, () => f.local('v128'));
  const factor = f.local('v128');
  const row = f.let(b);
  const copy = f.let(panel);
  f.repeat(depth, () => {
    for (const [v, vector] of second.entries()) f.set(vector, load(row, v * 16));
    for (const [r, pointer] of from.entries()) {
      f.set(factor, memoryOp('v128.load32_splat', 0, [pointer]));
      for (const [v, vector] of second.entries()) {
        const sum = sums[r * vectors + v] as Local;
        f.set(sum, products.addProduct(sum, factor, vector));
      }
      f.increase(pointer, aStep);
    }
    if (copies) {
      for (const [v, vector] of second.entries()) f.store('v128.store', copy, vector, v * 16);
      f.increase(copy, stripColumns * 4);
    }
    f.increase(row, bStep);
  });
  const store = (value: (sum: Local, v: number) => Expression): void => {
    for (let r = 0; r < rows; r++) {
      for (let v = 0; v < vectors; v++) f.store('v128.store', c, value(sums[r * vectors + v] as Local, v), v * 16);
      f.increase(c, cStep);
    }
  };
  f.if(
    adds,
    () => store((sum, v) => op('f32x4.add', load(c, v * 16), sum)),
    () => store((sum) => sum),
  );
}

/** A single column. */
function rowsByOne(
  f: FunctionBuilder,
  { a, aStep, aRowStep, b, bStep, c, cStep, rowsLeft, depth, adds }: Operands,
): void {
  const one = (address: Expression): Expression => memoryOp('f32.load', 0, [address]);
  const [sum, from, row] = [f.local('f32'), f.local('i32'), f.local('i32')];
  f.repeat(rowsLeft, () => {
    f.set(sum, f32(0));
    f.set(from, a);
    f.set(row, b);
    f.repeat(depth, () => {
      f.set(sum, op('f32.add', sum, op('f32.mul', one(from), one(row))));
      f.increase(from, aStep);
      f.increase(row, bStep);
    });
    f.if(adds, () => f.set(sum, op('f32.add', one(c), sum)));
    f.store('f32.store', c, sum);
    f.increase(a, aRowStep);
    f.increase(c, cStep);
  });
}

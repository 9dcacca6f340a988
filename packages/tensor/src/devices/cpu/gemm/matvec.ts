/** A row vector times a row-major matrix, as a sum of scaled rows: the matrix streams through once, in four sequences. */
import { f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { PlainOp } from '../assembler/opcodes.ts';
import { columnsOfUnits } from './unit-columns.ts';

const vector = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const scalar = (address: Expression): Expression => memoryOp('f32.load', 0, [address]);

/** Rows taken together: the running sums are read and written once for all. */
const rowsTogether = 4;

/**
 * Up to so many columns, their sums stay in registers while all rows go by: rows are short, and lie close together. Of longer
 * ones, only what is read in order comes fast enough from memory.
 */
const mostInRegisters = 128;
/** Vectors of columns whose sums are kept in registers together, widest first. */
const tiles = [8, 4, 1] as const;

/** Adds `scaledRows(x, b, y, n, k, xStep, rowStep)`: y = Σ x[p] · b[p, ·]; steps in bytes, rows of `b` and `y` contiguous. */
export function addScaledRows(module: ModuleBuilder): void {
  const f = module.function('scaledRows', new Array<'i32'>(7).fill('i32'), 'none', true);
  const [x, b, y, n, k, xStep, rowStep] = f.arguments as unknown as SevenLocals;
  addAll(f, n, { x, b, y, n, k, xStep, rowStep });
}

/**
 * Adds `scaledUnits(begin, end, x, b, y, n, k, xStep, rowStep)`: the same for the columns of units `begin` up to `end`, of
 * `unitColumns` each.
 */
export function addScaledUnits(module: ModuleBuilder): void {
  const f = module.function('scaledUnits', new Array<'i32'>(9).fill('i32'), 'none', true);
  const [begin, end, ...rest] = f.arguments as unknown as readonly [Local, Local, ...SevenLocals];
  const [x, b, y, n, k, xStep, rowStep] = rest;
  const { first, columns } = columnsOfUnits(f, begin, end, n);
  f.if(op('i32.gt_s', columns, i32(0)), () => {
    const offset = f.let(op('i32.mul', first, i32(4)));
    f.increase(b, offset);
    f.increase(y, offset);
    addAll(f, n, { x, b, y, n: columns, k, xStep, rowStep });
  });
}

type SevenLocals = readonly [Local, Local, Local, Local, Local, Local, Local];
type Operands = Readonly<Record<'x' | 'b' | 'y' | 'n' | 'k' | 'xStep' | 'rowStep', Local>>;

/** In the order that suits `width` columns, of which the operands may have a part: sums are the same whoever makes them. */
function addAll(f: FunctionBuilder, width: Local, operands: Operands): void {
  f.if(
    op('i32.le_u', width, i32(mostInRegisters)),
    () => addColumns(f, operands),
    () => addRows(f, operands),
  );
}

/** Columns by columns. */
function addColumns(f: FunctionBuilder, { x, b, y, n, k, xStep, rowStep }: Operands): void {
  const from = f.local('i32');
  const row = f.local('i32');
  /** Walks all rows, whose columns from `b` on `add` takes, and moves on by what `finish` stored. */
  const columns = (bytes: number, add: () => void, finish: () => void): void => {
    f.set(from, x);
    f.set(row, b);
    f.repeatTogether(k, rowsTogether, (count) => {
      for (let i = 0; i < count; i++) {
        add();
        f.increase(from, xStep);
        f.increase(row, rowStep);
      }
    });
    finish();
    f.increase(b, bytes);
    f.increase(y, bytes);
  };
  const left = f.let(op('i32.shr_u', n, i32(2)));
  const factor = f.local('v128');
  for (const vectors of tiles) {
    const sums = Array.from({ length: vectors }, () => f.local('v128'));
    f.repeat(op('i32.div_u', left, i32(vectors)), () => {
      for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
      columns(
        vectors * 16,
        () => {
          f.set(factor, op('f32x4.splat', scalar(from)));
          for (const [i, sum] of sums.entries())
            f.set(sum, op('f32x4.add', sum, op('f32x4.mul', factor, vector(row, i * 16))));
        },
        () => {
          for (const [i, sum] of sums.entries()) f.store('v128.store', y, sum, i * 16);
        },
      );
    });
    f.set(left, op('i32.rem_u', left, i32(vectors)));
  }
  const sum = f.local('f32');
  f.repeat(op('i32.and', n, i32(3)), () => {
    f.set(sum, f32(0));
    columns(
      4,
      () => f.set(sum, op('f32.add', sum, op('f32.mul', scalar(from), scalar(row)))),
      () => f.store('f32.store', y, sum),
    );
  });
}

/**
 * Rows by rows. Those taken together are a quarter of all rows apart, so that each of four sequences goes on without a gap: what
 * the hardware fetches ahead behind a row is the one that comes next.
 */
function addRows(f: FunctionBuilder, { x, b, y, n, k, xStep, rowStep }: Operands): void {
  const zero = f.let(y);
  f.repeat(n, () => {
    f.store('f32.store', zero, f32(0));
    f.increase(zero, 4);
  });
  const share = f.let(op('i32.div_u', k, i32(rowsTogether)));
  const apart = { x: f.let(op('i32.mul', share, xStep)), b: f.let(op('i32.mul', share, rowStep)) };
  const pass = (count: number): void => {
    addToSums(f, count, { x, b, y, n, xStep: apart.x, rowStep: apart.b });
    f.increase(x, xStep);
    f.increase(b, rowStep);
  };
  f.repeat(share, () => pass(rowsTogether));
  for (const [pointer, distance] of [
    [x, apart.x],
    [b, apart.b],
  ] as const)
    f.increase(pointer, op('i32.mul', distance, i32(rowsTogether - 1)));
  f.repeat(op('i32.rem_u', k, i32(rowsTogether)), () => pass(1));
}

/** Adds `count` scaled rows, first to each other by pairs. */
function addToSums(f: FunctionBuilder, count: number, { x, b, y, n, xStep, rowStep }: Omit<Operands, 'k'>): void {
  const rows = Array.from({ length: count }, (_, row) => {
    const factor = f.let(scalar(op('i32.add', x, op('i32.mul', xStep, i32(row)))));
    const pointer = f.let(op('i32.add', b, op('i32.mul', rowStep, i32(row))));
    return { factor, spread: f.let(op('f32x4.splat', factor)), pointer };
  });
  const sum = f.let(y);
  const advance = (bytes: number): void => {
    for (const { pointer } of rows) f.increase(pointer, bytes);
    f.increase(sum, bytes);
  };
  const addVector = (offset: number): void => {
    const products = rows.map(({ spread, pointer }) => op('f32x4.mul', spread, vector(pointer, offset)));
    f.store('v128.store', sum, op('f32x4.add', vector(sum, offset), byPairs('f32x4.add', products)), offset);
  };
  f.repeat(op('i32.shr_u', n, i32(4)), () => {
    for (let offset = 0; offset < 64; offset += 16) addVector(offset);
    advance(64);
  });
  f.repeat(op('i32.and', op('i32.shr_u', n, i32(2)), i32(3)), () => {
    addVector(0);
    advance(16);
  });
  f.repeat(op('i32.and', n, i32(3)), () => {
    const products = rows.map(({ factor, pointer }) => op('f32.mul', factor, scalar(pointer)));
    f.store('f32.store', sum, op('f32.add', scalar(sum), byPairs('f32.add', products)));
    advance(4);
  });
}

/** The sum of one term, or of a power of two of them. */
function byPairs(add: PlainOp, terms: readonly Expression[]): Expression {
  const half = terms.length / 2;
  return half < 1
    ? (terms[0] as Expression)
    : op(add, byPairs(add, terms.slice(0, half)), byPairs(add, terms.slice(half)));
}

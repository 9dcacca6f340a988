/** A row vector times a row-major matrix, as a sum of scaled rows: the matrix streams through once, in order. */
import { f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

const vector = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const scalar = (address: Expression): Expression => memoryOp('f32.load', 0, [address]);

/** Rows taken together: each needs a pointer and a broadcast value, and the running sums are read and written once for all. */
const rowsTogether = 4;

/**
 * Up to so many columns, their sums stay in registers while all rows go by: rows are short, and lie close together. Of longer
 * ones, only what is read in order comes fast enough from memory.
 */
const mostInRegisters = 128;
/** Vectors of columns whose sums are kept in registers together, widest first. */
const tiles = [8, 4, 1] as const;

/**
 * Adds `scaledRows(x, b, y, n, k, xStep, rowStep)`: y = Σ x[p] · b[p, ·]; steps in bytes, rows of `b` and `y` contiguous. The
 * rows add up one after the other, however they are taken together.
 */
export function addScaledRows(module: ModuleBuilder): void {
  const f = module.function('scaledRows', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, b, y, n, k, xStep, rowStep] = f.arguments;
  f.if(
    op('i32.le_u', n, i32(mostInRegisters)),
    () => addColumns(f, { x, b, y, n, k, xStep, rowStep }),
    () => {
      const zero = f.let(y);
      f.repeat(n, () => {
        f.store('f32.store', zero, f32(0));
        f.increase(zero, 4);
      });
      f.repeatTogether(k, rowsTogether, (count) => addRows(f, count, { x, b, y, n, xStep, rowStep }));
    },
  );
}

/** Columns by columns. */
function addColumns(f: FunctionBuilder, { x, b, y, n, k, xStep, rowStep }: Operands & { readonly k: Local }): void {
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

type Operands = Readonly<Record<'x' | 'b' | 'y' | 'n' | 'xStep' | 'rowStep', Local>>;

function addRows(f: FunctionBuilder, count: number, { x, b, y, n, xStep, rowStep }: Operands): void {
  const rows = Array.from({ length: count }, () => {
    const factor = f.let(scalar(x));
    const row = { factor, spread: f.let(op('f32x4.splat', factor)), pointer: f.let(b) };
    f.increase(x, xStep);
    f.increase(b, rowStep);
    return row;
  });
  const sum = f.let(y);
  const advance = (bytes: number): void => {
    for (const { pointer } of rows) f.increase(pointer, bytes);
    f.increase(sum, bytes);
  };
  f.repeat(op('i32.shr_u', n, i32(2)), () => {
    f.store(
      'v128.store',
      sum,
      rows.reduce(
        (total, { spread, pointer }) => op('f32x4.add', total, op('f32x4.mul', spread, vector(pointer))),
        vector(sum),
      ),
    );
    advance(16);
  });
  f.repeat(op('i32.and', n, i32(3)), () => {
    f.store(
      'f32.store',
      sum,
      rows.reduce(
        (total, { factor, pointer }) => op('f32.add', total, op('f32.mul', factor, scalar(pointer))),
        scalar(sum),
      ),
    );
    advance(4);
  });
}

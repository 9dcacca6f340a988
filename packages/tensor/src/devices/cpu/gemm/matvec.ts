/** A row vector times a row-major matrix, as a sum of scaled rows: the matrix streams through once, in order. */
import { f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

const vector = (address: Expression): Expression => memoryOp('v128.load', 0, [address]);
const scalar = (address: Expression): Expression => memoryOp('f32.load', 0, [address]);

/** Rows taken together: each needs a pointer and a broadcast value, and the running sums are read and written once for all. */
const rowsTogether = 4;

/** Adds `scaledRows(x, b, y, n, k, xStep, rowStep)`: y = Σ x[p] · b[p, ·]; steps in bytes, rows of `b` and `y` contiguous. */
export function addScaledRows(module: ModuleBuilder): void {
  const f = module.function('scaledRows', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, b, y, n, k, xStep, rowStep] = f.arguments;
  const zero = f.let(y);
  f.repeat(n, () => {
    f.store('f32.store', zero, f32(0));
    f.increase(zero, 4);
  });
  const pass = (count: number): void => addRows(f, count, { x, b, y, n, xStep, rowStep });
  f.repeatTogether(k, rowsTogether, pass);
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

/** Copies of rows: turned over, so that 8 of them lie side by side, or as they are, one number after another. */
import { f32, i32, memoryOp, op } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { panelQueries, panelRow } from './panels.ts';

/** Rows in memory, in bytes. */
export interface RowSteps {
  readonly row: number;
  readonly column: number;
  /** Numbers of a row. */
  readonly size: number;
}

/** Adds `name(from, to, count)`: the first rows of a panel, times `scale`, become its columns; further columns are 0. */
export function addTurn(
  module: ModuleBuilder,
  name: string,
  { row, column, size }: RowSteps,
  scale: number,
): FunctionBuilder<readonly ['i32', 'i32', 'i32']> {
  const f = module.function(name, ['i32', 'i32', 'i32']);
  const [from, to, count] = f.arguments;
  const lane = f.let(i32(0));
  const at = f.local('i32');
  const put = f.local('i32');
  f.repeat(panelQueries, () => {
    f.set(at, from);
    f.set(put, to);
    f.if(
      op('i32.lt_s', lane, count),
      () =>
        f.repeat(size, () => {
          const value = memoryOp('f32.load', 0, [at]);
          f.store('f32.store', put, scale === 1 ? value : op('f32.mul', value, f32(scale)));
          f.increase(at, column);
          f.increase(put, panelRow);
        }),
      () =>
        f.repeat(size, () => {
          f.store('f32.store', put, f32(0));
          f.increase(put, panelRow);
        }),
    );
    f.increase(lane, 1);
    f.increase(to, 4);
    f.increase(from, row);
  });
  return f;
}

/** Adds `name(from, to, count)`: rows, one number after another. */
export function addLine(
  module: ModuleBuilder,
  name: string,
  { row, column, size }: RowSteps,
): FunctionBuilder<readonly ['i32', 'i32', 'i32']> {
  const f = module.function(name, ['i32', 'i32', 'i32']);
  const [from, to, count] = f.arguments;
  const at = f.local('i32');
  f.repeat(count, () => {
    f.set(at, from);
    f.repeat(size, () => {
      f.store('f32.store', to, memoryOp('f32.load', 0, [at]));
      f.increase(at, column);
      f.increase(to, 4);
    });
    f.increase(from, row);
  });
  return f;
}

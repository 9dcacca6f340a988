/** The types of rows by name: those that are known from the start, and those that others add. */
import { aFunction, anObject, check } from '@espalier/tensor/arguments';
import type { RowType } from '../pipeline/row.ts';
import { createRegistry, namedRule } from '../registry.ts';
import { distillRow } from './distill.ts';
import { goalsRow } from './goals.ts';
import { passesRow } from './passes.ts';
import { pruneRow } from './prune.ts';
import { quantizeRow } from './quantize.ts';
import { trainRow } from './train.ts';

const aRowType = namedRule<RowType>("a type of row: { name, options, from: 'row' or 'data', weight, make }", {
  options: anObject.holds,
  from: (value) => value === 'row' || value === 'data',
  weight: aFunction.holds,
  make: aFunction.holds,
});

const rows = createRegistry<RowType<never>>('type of row', [
  trainRow,
  pruneRow,
  quantizeRow,
  distillRow,
  passesRow,
  goalsRow,
]);

/**
 * Makes a type of row known by its name.
 * @throws {ConfigError} if its name is taken by another one.
 * @throws {ArgumentError} for what is none.
 */
export function registerRow<Options extends object>(row: RowType<Options>): void {
  check('registerRow', 'row', row, aRowType);
  rows.register('registerRow', row);
}

/** The names of all known types of rows, sorted. */
export function rowTypes(): string[] {
  return rows.names();
}

/**
 * The type of row of a name.
 * @throws {UsageError} that names those that are known.
 */
export function rowNamed(name: string): RowType {
  return rows.named(name) as RowType;
}

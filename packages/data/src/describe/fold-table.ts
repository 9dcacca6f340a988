/** The rows of a table that are not for the test, in folds: each is judged once, by what was learnt from the others. */
import { check, ruleOf } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import { nothingLeft } from '../prepare/fit.ts';
import type { PreparationConfig } from '../prepare/preparation.ts';
import { kFolds } from '../split/folds.ts';
import type { Table } from '../table/table.ts';
import { learntFrom, partTable, splitOf, toldOf, type PartOptions } from './part-table.ts';

/** One fold of a table. */
export interface FoldedTable {
  readonly train: Table;
  readonly validate: Table;
  /** How rows become examples, learnt from the training rows of this fold alone, but for what columns are and which classes there are. */
  readonly config: PreparationConfig;
}

const someFolds = ruleOf(
  'an integer of at least 2',
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 2,
);

/**
 * Folds of the rows that `partTable` has for training and validation; those of its test part are in none. Each has its share of every
 * class, or whole groups; by time each is learnt from what came before it. Folds are made one at a time, when they are asked for.
 * @throws {DataError} for rows, groups or times that do not fill so many folds, and for a fold from which nothing can be learnt.
 */
export function foldTable(table: Table, folds: number, options: PartOptions = {}): readonly (() => FoldedTable)[] {
  check('foldTable', 'folds', folds, someFolds);
  const { parts, config, problem } = partTable(table, options);
  if (problem !== undefined) throw new DataError(table.source, {}, problem);
  const [train, validate] = parts as [Int32Array, Int32Array];
  const rows = table.take(Int32Array.from([...train, ...validate]).toSorted());
  const { target } = config;
  const split = splitOf(rows, target, options);
  const { groups, times } = split;
  const different = new Set(Array.from<number | string>(groups ?? times ?? { length: rows.rows })).size;
  const needed = times ? folds + 1 : folds;
  const count = (groups ?? times) ? different : rows.rows;
  if (count < needed)
    throw new DataError(
      table.source,
      { ...(groups && { column: options.group }), ...(times && { column: options.time }) },
      `${folds} folds need ${needed} ${groups ? 'groups' : times ? 'different times' : 'rows'} beside those of the test, and there are ${count}; use fewer folds`,
    );
  return kFolds(rows.rows, folds, split).map((fold) => () => {
    const own = rows.take(fold.train);
    const learnt = learntFrom(own, table, target, toldOf(options));
    if (learnt.inputs.length === 0) throw new DataError(table.source, {}, nothingLeft(learnt.ignored));
    return { train: own, validate: rows.take(fold.test), config: learnt };
  });
}

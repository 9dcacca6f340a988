/** Cross-validation: each row is judged once. */
import { ArgumentError } from '@espalier/tensor';
import { check, ruleOf } from '@espalier/tensor/arguments';
import { checkSplit, splitRows, type SplitOptions } from './split.ts';

/** What is learnt from, and what is judged by. */
export interface Fold {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/**
 * Folds: of each, one part is judged and the others are learnt from, by classes or groups where they are given. By time a part is
 * judged by what came before it alone: there are as many folds, of one part more.
 * @throws {ArgumentError} for fewer than 2 folds, and where rows, groups or times cannot fill them.
 *
 * @example
 * for (const { train, test } of kFolds(table.rows, 5, { groups: patients })) await judge(table.take(train), table.take(test));
 */
export function kFolds(rows: number, folds: number, options: SplitOptions = {}): Fold[] {
  check(
    'kFolds',
    'folds',
    folds,
    ruleOf('an integer of at least 2', (value) => Number.isSafeInteger(value) && (value as number) >= 2),
  );
  checkSplit('kFolds', rows, options);
  const isInTime = options.times !== undefined;
  const count = isInTime ? folds + 1 : folds;
  if (rows < count) throw new ArgumentError('kFolds', `${rows} rows do not fill ${count} parts; use fewer folds`);
  const parts = splitRows(rows, new Array<number>(count).fill(1 / count), options);
  const fold = (test: Int32Array, before: readonly Int32Array[]): Fold => ({
    train: Int32Array.from(before.flatMap((part) => [...part])).toSorted(),
    test,
  });
  if (isInTime) return parts.slice(1).map((test, index) => fold(test, parts.slice(0, index + 1)));
  return parts.map((test) =>
    fold(
      test,
      parts.filter((part) => part !== test),
    ),
  );
}

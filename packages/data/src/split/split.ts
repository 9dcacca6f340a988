/** Parts of the rows of a table: at random, by classes, by groups or by time; a function of the seed. */
import { ArgumentError } from '@espalier/tensor';
import { shuffled } from '@espalier/nn';
import { aSeed, numbers } from '@espalier/nn/arguments';
import { aCount, check, checkOptions, describe, ruleOf, type OptionRules, type Rule } from '@espalier/tensor/arguments';
import { apportion, apportionClasses } from './apportion.ts';

/** How rows are told apart. At most one of the three is given; without one, rows are drawn at random. */
export interface SplitOptions {
  /** Default: 0. */
  readonly seed?: number;
  /** The class of each row: each part gets its share of every class, within one row. */
  readonly classes?: ArrayLike<number | string>;
  /** The group of each row: a group is never split. Shares are met as far as groups allow. */
  readonly groups?: ArrayLike<number | string>;
  /** The time of each row: parts follow each other in time, and rows of the same time stay together. */
  readonly times?: ArrayLike<number>;
}

const aList: Rule<ArrayLike<number | string>> = ruleOf(
  'a value for each row',
  (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
);
export const splitRules: OptionRules<SplitOptions> = { seed: aSeed, classes: aList, groups: aList, times: numbers };

const someShares: Rule<readonly number[]> = ruleOf(
  'shares above 0 that sum to 1, such as [0.8, 0.1, 0.1]',
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((share) => typeof share === 'number' && share > 0 && share <= 1) &&
    Math.abs(value.reduce((sum: number, share: number) => sum + share, 0) - 1) < 1e-9,
);

/** Rows by their value, in the order in which values come first. */
function byValue(values: ArrayLike<number | string>, order: ArrayLike<number>): number[][] {
  const found = new Map<number | string, number[]>();
  for (let index = 0; index < order.length; index++) {
    const row = order[index] as number;
    const value = values[row] as number | string;
    const rows = found.get(value);
    if (rows) rows.push(row);
    else found.set(value, [row]);
  }
  return [...found.values()];
}

const ascending = (rows: Iterable<number>): Int32Array => Int32Array.from(rows).toSorted();

/** Cuts a list into parts of so many. */
function cut(rows: ArrayLike<number>, counts: readonly number[]): number[][] {
  let start = 0;
  return counts.map((count) => Array.from({ length: count }, () => rows[start++] as number));
}

function byClasses(order: Int32Array, classes: ArrayLike<number | string>, shares: readonly number[]): number[][] {
  const rows = byValue(classes, order);
  const counts = apportionClasses(
    rows.map(({ length }) => length),
    shares,
  );
  const cuts = rows.map((each, index) => cut(each, counts[index] as number[]));
  return shares.map((_, part) => cuts.flatMap((each) => each[part] as number[]));
}

/** The largest groups first, each to the part that lacks most. */
function byGroups(order: Int32Array, groups: ArrayLike<number | string>, shares: readonly number[]): number[][] {
  const rows = byValue(groups, order).toSorted((a, b) => b.length - a.length);
  if (rows.length < shares.length)
    throw new ArgumentError(
      'splitRows',
      `${rows.length} groups cannot fill ${shares.length} parts; a group is never split`,
    );
  const parts = shares.map((share) => ({ rows: [] as number[], lacks: share * order.length }));
  for (const [index, group] of rows.entries()) {
    const empty = parts.filter((part) => part.rows.length === 0);
    // The last groups go where nothing is yet, so that no part stays empty.
    const among = empty.length === rows.length - index ? empty : parts;
    const part = among.reduce((best, each) => (each.lacks > best.lacks ? each : best));
    part.rows.push(...group);
    part.lacks -= group.length;
  }
  return parts.map((part) => part.rows);
}

/** The rows of each time, from the first on. */
function byTimes(rows: number, times: ArrayLike<number>, shares: readonly number[]): number[][] {
  for (let row = 0; row < rows; row++)
    if (typeof times[row] !== 'number' || Number.isNaN(times[row]))
      throw new ArgumentError(
        'splitRows',
        `the time of row ${row + 1} is ${describe(times[row])}; give a number for each row`,
      );
  const inTime = Array.from({ length: rows }, (_, row) => row).toSorted(
    (a, b) => (times[a] as number) - (times[b] as number) || a - b,
  );
  const moments = byValue(times, inTime);
  if (moments.length < shares.length)
    throw new ArgumentError(
      'splitRows',
      `${moments.length} different times cannot fill ${shares.length} parts that follow each other`,
    );
  const parts = shares.map((): number[] => []);
  let [part, wanted, taken] = [0, (shares[0] as number) * rows, 0];
  for (const [index, moment] of moments.entries()) {
    const own = parts[part] as number[];
    const isFull = own.length > 0 && taken + moment.length / 2 > wanted + 1e-9;
    const mustMove = own.length > 0 && moments.length - index === shares.length - 1 - part;
    if (part < shares.length - 1 && (isFull || mustMove)) wanted += (shares[++part] as number) * rows;
    (parts[part] as number[]).push(...moment);
    taken += moment.length;
  }
  return parts;
}

/** @throws {ArgumentError} for more than one way of telling rows apart, and for values that are not one a row. */
export function checkSplit(operation: string, rows: number, options: SplitOptions): void {
  check(operation, 'rows', rows, aCount);
  checkOptions(operation, options, splitRules);
  const given = (['classes', 'groups', 'times'] as const).filter((name) => options[name] !== undefined);
  if (given.length > 1) throw new ArgumentError(operation, `takes one of ${given.join(' and ')}, not both`);
  for (const name of given)
    if (options[name]?.length !== rows)
      throw new ArgumentError(operation, `${options[name]?.length} ${name} for ${rows} rows; give one for each`);
}

/**
 * Disjoint parts that together are all rows, of sizes by shares; rows are in ascending order.
 * @throws {ArgumentError} for shares that do not sum to 1, and for groups or times that cannot fill the parts.
 *
 * @example
 * const [train, validate, test] = splitRows(table.rows, [0.7, 0.15, 0.15], { classes: labels, seed: 7 });
 */
export function splitRows(rows: number, shares: readonly number[], options: SplitOptions = {}): Int32Array[] {
  checkSplit('splitRows', rows, options);
  check('splitRows', 'shares', shares, someShares);
  const { seed = 0, classes, groups, times } = options;
  if (times) return byTimes(rows, times, shares).map(ascending);
  const order = shuffled(rows, seed, 'split');
  if (classes) return byClasses(order, classes, shares).map(ascending);
  if (groups) return byGroups(order, groups, shares).map(ascending);
  return cut(order, apportion(rows, shares)).map(ascending);
}

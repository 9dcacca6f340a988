/** What would be read of a table, learnt and judged by: as data, for whoever shows it. */
import {
  aPositiveInteger,
  aText,
  anObject,
  checkOptions,
  either,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { aSeed } from '@espalier/nn/arguments';
import { fitPreparation, type PreparationOptions } from '../prepare/preparation.ts';
import type { Target } from '../prepare/target.ts';
import { samplesOf, schemaOf, type ColumnSchema } from '../schema/schema.ts';
import { categoryOf } from '../schema/values.ts';
import { splitRows } from '../split/split.ts';
import type { Cell } from '../table/column.ts';
import type { Table } from '../table/table.ts';
import { taskOf, type TaskName } from '../task/task.ts';

/** What may be told of a description. */
export interface DescribeOptions extends Pick<PreparationOptions, 'target' | 'learn' | 'kinds'> {
  /** The shares of training, validation and test. Default: 0.7, 0.15 and 0.15. */
  readonly shares?: readonly number[];
  /** Of the split. Default: 0. */
  readonly seed?: number;
  /** How many values of a column, and rows, are shown. Default: 5. */
  readonly samples?: number;
}

/** A column and what becomes of it. */
export interface DescribedColumn extends ColumnSchema {
  /** How it is used: the name of its encoding, `target`, or why it is left out. */
  readonly use: string;
  readonly samples: readonly Cell[];
}

/** A class, and how many rows of each part are of it. */
export interface DescribedClass {
  readonly value: string;
  readonly count: number;
  readonly parts: readonly number[];
}

/** A table, described. JSON. */
export interface TableDescription {
  readonly source: string;
  readonly rows: number;
  readonly columns: readonly DescribedColumn[];
  /** Where there is a target. */
  readonly task?: TaskName;
  /** Where it is classes. */
  readonly classes?: readonly DescribedClass[];
  /** Numbers that a model takes for a row. */
  readonly features: number;
  /** Rows of training, validation and test. */
  readonly split: readonly number[];
  /** The first rows. */
  readonly samples: readonly Readonly<Record<string, Cell>>[];
}

const describeRules: OptionRules<DescribeOptions> = {
  target: either(aText, listOf(aText)),
  learn: oneOf('classes', 'labels', 'numbers'),
  kinds: ruleOf("kinds by column, such as { zip: 'category' }", anObject.holds),
  shares: ruleOf('shares that sum to 1', Array.isArray),
  seed: aSeed,
  samples: aPositiveInteger,
};

const usualShares = [0.7, 0.15, 0.15];

/** The class of each row, where classes are learnt. */
function labelsOf(table: Table, target: Target | undefined): string[] | undefined {
  if (target?.as !== 'classes') return undefined;
  const column = table.column(target.column);
  return Array.from({ length: table.rows }, (_, row) => categoryOf(column, row) ?? '');
}

/**
 * What would be read: columns with what becomes of them, classes with counts, what is missing, the split, and samples.
 * @throws {DataError} for a target that is not there, or cannot be.
 * @throws {ArgumentError} for shares that are none.
 */
export function describeTable(table: Table, options: DescribeOptions = {}): TableDescription {
  checkOptions('describeTable', options, describeRules);
  const { shares = usualShares, seed = 0, samples = 5, ...told } = options;
  const schema = schemaOf(table, told.kinds ? { kinds: told.kinds } : {});
  const preparation = fitPreparation(table, told);
  const { inputs, ignored } = preparation.config();
  const { target } = preparation;
  if (target) preparation.targets(table);
  const labels = labelsOf(table, target);
  const parts = splitRows(table.rows, shares, { seed, ...(labels && { classes: labels }) });
  const uses = new Map<string, string>([
    ...inputs.map(({ column, as }) => [column, as] as const),
    ...ignored.map(({ column, why }) => [column, `left out: ${why}`] as const),
  ]);
  const classes =
    target?.as === 'classes' && labels ? target.classes.map((value) => classOf(value, labels, parts)) : undefined;
  return {
    source: table.source,
    rows: table.rows,
    columns: schema.columns.map((column) => ({
      ...column,
      use: uses.get(column.name) ?? 'target',
      samples: samplesOf(table.column(column.name), table.rows, samples),
    })),
    ...(target && { task: taskOf(target).name }),
    ...(classes && { classes }),
    features: preparation.features.length,
    split: parts.map(({ length }) => length),
    samples: Array.from({ length: Math.min(samples, table.rows) }, (_, row) => table.row(row)),
  };
}

function classOf(value: string, labels: readonly string[], parts: readonly Int32Array[]): DescribedClass {
  const counts = parts.map((rows) => rows.reduce((count, row) => count + (labels[row] === value ? 1 : 0), 0));
  return { value, count: counts.reduce((sum, count) => sum + count, 0), parts: counts };
}

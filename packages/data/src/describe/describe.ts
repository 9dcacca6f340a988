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
import { Preparation } from '../prepare/preparation.ts';
import { samplesOf, schemaOf, type ColumnSchema } from '../schema/schema.ts';
import type { Cell } from '../table/column.ts';
import type { Table } from '../table/table.ts';
import { taskOf, type TaskName } from '../task/task.ts';
import { labelsOf, partTable, type PartOptions } from './part-table.ts';

/** What may be told of a description. */
export interface DescribeOptions extends PartOptions {
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
  /** Of the split. */
  readonly seed: number;
  /** Why nothing can be learnt from the table; absent where something can. */
  readonly problem?: string;
  /** Rows of training, validation and test; none of a table that is too small. */
  readonly split: readonly number[];
  /** The first rows. */
  readonly samples: readonly Readonly<Record<string, Cell>>[];
}

const describeRules: OptionRules<DescribeOptions> = {
  target: either(aText, listOf(aText)),
  learn: oneOf('classes', 'labels', 'numbers'),
  kinds: ruleOf("kinds by column, such as { zip: 'category' }", anObject.holds),
  columns: ruleOf("encodings by column, such as { town: 'one-hot', note: false }", anObject.holds),
  group: aText,
  time: aText,
  shares: ruleOf('shares that sum to 1', Array.isArray),
  seed: aSeed,
  samples: aPositiveInteger,
};

/**
 * What would be read: columns with what becomes of them, classes with counts, what is missing, the split, and samples.
 * @throws {DataError} for a target that is not there, or cannot be.
 */
export function describeTable(table: Table, options: DescribeOptions = {}): TableDescription {
  checkOptions('describeTable', options, describeRules);
  const { seed = 0, samples = 5, kinds = {} } = options;
  const schema = schemaOf(table, { kinds });
  const { config, parts, problem } = partTable(table, options);
  const { inputs, ignored, target } = config;
  const labels = labelsOf(table, target);
  const uses = new Map<string, string>([
    ...inputs.map(({ column, as }) => [column, as] as const),
    ...ignored.map(({ column, why }) => [column, `left out: ${why}`] as const),
  ]);
  const classes = target?.as === 'classes' && labels ? classesOf(target.classes, labels, parts) : undefined;
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
    features: new Preparation(config).features.length,
    seed,
    ...(problem !== undefined && { problem }),
    split: parts.map(({ length }) => length),
    samples: Array.from({ length: Math.min(samples, table.rows) }, (_, row) => table.row(row)),
  };
}

function classesOf(
  values: readonly string[],
  labels: readonly string[],
  parts: readonly Int32Array[],
): readonly DescribedClass[] {
  const [all, ...own] = [labels.keys(), ...parts].map((rows) => {
    const counts = new Map<string | undefined, number>();
    for (const row of rows) counts.set(labels[row], (counts.get(labels[row]) ?? 0) + 1);
    return counts;
  });
  return values.map((value) => ({
    value,
    count: all?.get(value) ?? 0,
    parts: own.map((counts) => counts.get(value) ?? 0),
  }));
}

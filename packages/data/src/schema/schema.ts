/** What the columns of a table are: told by their values, and overridable. */
import { checkOptions, oneOf, ruleOf, type OptionRules } from '@espalier/tensor/arguments';
import { columnAsNumbers } from '../table/as-numbers.ts';
import { cellOf, type Cell, type Column, type ColumnType } from '../table/column.ts';
import type { Table } from '../table/table.ts';
import { factsOf, type ColumnFacts } from './facts.ts';
import type { NumberSummary } from './numbers.ts';
import type { ValueCount } from './values.ts';

/**
 * What a column is for learning: `identifier` of values that number or name rows, `date` of days or times as text, `constant` of one
 * value, `empty` of none.
 */
export type ColumnKind = 'number' | 'category' | 'boolean' | 'text' | 'date' | 'identifier' | 'constant' | 'empty';

/** A column, described. */
export interface ColumnSchema {
  readonly name: string;
  readonly type: ColumnType;
  readonly kind: ColumnKind;
  /** How many rows have no value. */
  readonly missing: number;
  /** Its values with their counts, in order, where there are not too many. */
  readonly values?: readonly ValueCount[];
  /** Of numbers. */
  readonly numbers?: NumberSummary;
}

/** A table, described. JSON. */
export interface TableSchema {
  readonly source: string;
  readonly rows: number;
  readonly columns: readonly ColumnSchema[];
}

/** What may be told of a schema. */
export interface SchemaOptions {
  /** What columns are, by name. */
  readonly kinds?: Readonly<Record<string, ColumnKind>>;
}

const aKind = oneOf('number', 'category', 'boolean', 'text', 'date', 'identifier', 'constant', 'empty');
const schemaRules: OptionRules<SchemaOptions> = {
  kinds: ruleOf(
    "kinds by column, such as { zip: 'category' }",
    (value) => Object(value) === value && Object.values(value as object).every(aKind.holds),
  ),
};

/** Categories are at most so many values. */
export const mostCategories = 1000;

/** From so many rows on, values that are all different say something. */
const tellingRows = 20;

/** Whether numbers count rows: integers from anywhere, each once. */
function areCounters({ name, rows, missing, areIntegers, areDistinct, numbers: { min, max } }: ColumnFacts): boolean {
  if (!areIntegers || missing > 0 || rows < tellingRows) return false;
  const isNamed = /(?:^|[_\s.-])id$|^(?:id|index|unnamed: 0)$/i.test(name);
  return (isNamed || max - min === rows - 1) && areDistinct;
}

/** What texts are: few values are categories; many are texts where they have blanks, and else names of rows. */
function kindOfTexts({ rows, missing, values, texts }: ColumnFacts): ColumnKind {
  if (texts.areDates) return 'date';
  const present = rows - missing;
  if (values && (present < tellingRows || values.length <= present / 2)) return 'category';
  return texts.withBlanks > present / 4 ? 'text' : 'identifier';
}

/** What a column is for learning, by what is known of it. */
export function kindOf(facts: ColumnFacts): ColumnKind {
  if (facts.missing === facts.rows) return 'empty';
  if (facts.values?.length === 1) return 'constant';
  if (facts.type === 'text') return kindOfTexts(facts);
  if (facts.type === 'boolean') return 'boolean';
  return areCounters(facts) ? 'identifier' : 'number';
}

/**
 * What the columns of a table are, with what is missing, their values or their range.
 * @throws {DataError} for a kind that is told of a column that is not there, and naming the row of what is no number where numbers are told.
 *
 * @example
 * schemaOf(table, { kinds: { zip: 'category' } });
 */
export function schemaOf(table: Table, options: SchemaOptions = {}): TableSchema {
  const { kinds = {} } = checkOptions('schemaOf', options, schemaRules);
  for (const name of Object.keys(kinds)) table.column(name);
  const columns = [...table.columns].map(([name, given]): ColumnSchema => {
    const told = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    const place = { source: table.source, name, rowNumber: (row: number) => table.rowNumber(row) };
    const column = told === 'number' ? columnAsNumbers(given, place) : given;
    const facts = factsOf({ ...place, column, rows: table.rows }, mostCategories);
    const { values, numbers, missing } = facts;
    return {
      name,
      type: column.type,
      kind: told ?? kindOf(facts),
      missing,
      ...(values && { values }),
      ...(column.type === 'number' && { numbers }),
    };
  });
  return { source: table.source, rows: table.rows, columns };
}

/** The first values of a column that are there. */
export function samplesOf(column: Column, rows: number, most: number): readonly Cell[] {
  const found: Cell[] = [];
  for (let row = 0; row < rows && found.length < most; row++) {
    const cell = cellOf(column, row);
    if (cell !== null) found.push(cell);
  }
  return found;
}

/**
 * A column as the training part had it. What a file's column is depends on all values in it: one row of `True` is a truth value, where
 * the training had texts with `True` among them.
 */
import { numberIn } from '../table/as-numbers.ts';
import type { Column, ColumnType, TextColumn } from '../table/column.ts';

/** Texts of a column, each by a rule; what is missing stays so. */
function texts({ values, missing }: Column, rule: (value: string | number) => string): TextColumn {
  return {
    type: 'text',
    values: Array.from<string | number, string>(values, (value, row) => (missing?.[row] === 1 ? '' : rule(value))),
    missing,
  };
}

const word = (truth: string | number): string => (truth === 1 ? 'true' : 'false');

/** A truth value as a word; any other text as it is. */
function truthIn(text: string): string {
  const value = text.trim().toLowerCase();
  return value === 'true' || value === '1' ? 'true' : value === 'false' || value === '0' ? 'false' : text;
}

/** Truth values of texts and numbers, if all are; else texts, of which whoever encodes them says which is none. */
function asTruths(column: Column): Column {
  const words = texts(column, (value) => truthIn(String(value)));
  const { missing } = column;
  return words.values.every((value, row) => missing?.[row] === 1 || value === 'true' || value === 'false')
    ? { type: 'boolean', values: Uint8Array.from(words.values, (value) => Number(value === 'true')), missing }
    : words;
}

/** Texts that are numbers as numbers are written; others as they are, so that they are values which the training had not. */
function asNumbers(column: Column): Column {
  if (column.type === 'boolean') return { ...column, type: 'number', values: Int32Array.from(column.values) };
  return texts(column, (value) => {
    const number = numberIn(String(value));
    return Number.isNaN(number) ? String(value) : String(number);
  });
}

const rules: Readonly<Record<ColumnType, (column: Column) => Column>> = {
  number: asNumbers,
  text: (column) => texts(column, column.type === 'boolean' ? word : String),
  boolean: asTruths,
};

/** The column with values as they were told apart in the training, where it was of such a type. */
export function asLearnt(column: Column, type: ColumnType | undefined): Column {
  return type === undefined || column.type === type ? column : rules[type](column);
}

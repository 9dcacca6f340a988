/** Rows of a CSV file of any size, as tables one after the other. */
import { aByteSource, type ByteSource } from '@espalier/nn/format';
import { ArgumentError } from '@espalier/tensor';
import { aCount, aText, check, checkOptions, listOf, type OptionRules } from '@espalier/tensor/arguments';
import { rowsByLot, someLots, type Lots } from '../split/lots.ts';
import { firstRowOf, readCsvPart, type CsvIndex } from '../table/csv/read-csv.ts';
import type { Table } from '../table/table.ts';

/** Which rows and columns are read. */
export interface CsvChoice {
  /** The parts of the index. Default: all. */
  readonly parts?: ArrayLike<number>;
  /** The rows, by lot. Default: all. */
  readonly lots?: Lots;
  /** The columns. Default: those of the index. */
  readonly columns?: readonly string[];
}

export const choiceRules: OptionRules<CsvChoice> = { parts: listOf(aCount), lots: someLots, columns: listOf(aText) };

/** Rows of a part. */
export interface ChosenPart {
  readonly part: number;
  readonly rows: number;
}

/**
 * The parts that have rows of a choice, with how many.
 * @throws {ArgumentError} for parts that the index has not.
 */
export function chosenParts(index: CsvIndex, { parts, lots }: CsvChoice): ChosenPart[] {
  return Array.from(parts ?? index.parts.keys(), (part) => {
    const found = index.parts[part];
    if (!found) throw new ArgumentError('csvStream', `the index has no part ${part}; it has ${index.parts.length}`);
    const { rows } = found;
    return { part, rows: lots ? rowsByLot(firstRowOf(index, part), rows, lots).length : rows };
  }).filter(({ rows }) => rows > 0);
}

/** The rows of a part that are chosen. */
export async function chosenRows(
  source: ByteSource,
  index: CsvIndex,
  part: number,
  { lots, columns }: CsvChoice,
): Promise<Table> {
  const table = await readCsvPart(source, index, part, columns);
  return lots ? table.take(rowsByLot(firstRowOf(index, part), table.rows, lots)) : table;
}

/**
 * The rows of a choice, a part of the file at a time.
 * @throws {ArgumentError} for parts that the index has not.
 * @throws {FormatError} as `readCsvPart` does.
 *
 * @example
 * const fitter = new PreparationFitter({ target: 'price' });
 * for await (const table of csvTables(source, index, { lots: train })) fitter.take(table);
 */
export async function* csvTables(
  source: ByteSource,
  index: CsvIndex,
  choice: CsvChoice = {},
): AsyncGenerator<Table, void> {
  check('csvTables', 'source', source, aByteSource);
  checkOptions('csvTables', choice, choiceRules);
  for (const { part } of chosenParts(index, choice)) yield await chosenRows(source, index, part, choice);
}

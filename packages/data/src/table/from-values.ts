/** Tables of lists of values. */
import { anObject, check } from '@espalier/tensor/arguments';
import { CellsBuilder } from './cells-builder.ts';
import type { Column } from './column.ts';
import { Table } from './table.ts';

/**
 * A column of values.
 * @throws {DataError} as `CellsBuilder` does.
 */
function columnFrom(source: string, name: string, values: ArrayLike<unknown>): Column {
  const builder = new CellsBuilder(source, name, values.length);
  for (let row = 0; row < values.length; row++) builder.push(values[row]);
  return builder.finish();
}

/**
 * A table of lists by the names of their columns.
 * @throws {DataError} naming row and column of a value that is none.
 *
 * @example
 * const flats = tableOf({ rooms: [2, 3, null], town: ['Bonn', 'Ulm', 'Bonn'] });
 */
export function tableOf(columns: Readonly<Record<string, ArrayLike<unknown>>>, source = 'table'): Table {
  check<object>('tableOf', 'columns', columns, anObject);
  return new Table(
    new Map(Object.entries(columns).map(([name, values]) => [name, columnFrom(source, name, values)])),
    source,
  );
}

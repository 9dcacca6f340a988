/** The error this package adds to those of `@espalier/nn`: a value of data that cannot be used, with its place. */
import { TensorError } from '@espalier/tensor';

/** What the errors of this package can be told apart by; see `TensorErrorCode`. */
export type DataErrorCode = 'data';

/** Where in a table a value stands. */
export interface DataPlace {
  /** The number of the row, from 1; the header is none. */
  readonly row?: number;
  readonly column?: string;
}

/** A place in words, for messages: `row 3, column 'price'`. */
export function showPlace({ row, column }: DataPlace): string {
  const parts = [
    ...(row === undefined ? [] : [`row ${row}`]),
    ...(column === undefined ? [] : [`column '${column.length > 200 ? `${column.slice(0, 200)}…` : column}'`]),
  ];
  return parts.join(', ');
}

/** Data that was read well and cannot be used as it is meant to: a label of no class, a column that is not there. */
export class DataError extends TensorError {
  override readonly name: string = 'DataError';
  override readonly code = 'data';
  /** Where the data came from: a path, or the name of the operation. */
  readonly source: string;
  /** The number of the row, from 1; undefined where no row is to blame. */
  readonly row: number | undefined;
  /** The column; undefined where none is to blame. */
  readonly column: string | undefined;
  /** The message without the place. */
  readonly problem: string;

  constructor(source: string, place: DataPlace, problem: string) {
    const where = showPlace(place);
    super(source, where === '' ? problem : `${where}: ${problem}`);
    this.source = source;
    this.row = place.row;
    this.column = place.column;
    this.problem = problem;
  }
}

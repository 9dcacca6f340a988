/** What a column can hold. Bytes, where there should be text, are what is no UTF-8. */
export type SqlValue = string | number | Uint8Array | null;

/** A row by its columns. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A connection within a transaction. */
export interface SqlSession {
  /** Runs a statement, whose values stand where its `?` are, and gives its rows. */
  all(sql: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

/** Where databases write differently what they do alike. */
export interface SqlDialect {
  /** A column of whole numbers that counts rows. */
  readonly identity: string;
  /** An expression for a column so that whatever it holds arrives, be it what such a column should not hold. */
  readonly column: (name: string) => string;
  /** The type of whole numbers. */
  readonly integer: string;
  /** What follows the columns of a table that is kept in the order of its key. */
  readonly table: string;
  /** Milliseconds since 1970 by the clock that all who use the database share. */
  readonly now: string;
  /** Makes a table be read by an index, where the database would not see by itself that it is the best. */
  readonly indexedBy: (index: string) => string;
  /** Makes a SELECT keep others from its rows, waiting for them, or passing over those that others have. */
  readonly lock: { readonly wait: string; readonly skip: string };
}

/** A database as {@link sqlStorage} needs it. */
export interface SqlEngine {
  readonly url: string;
  /** The URL as errors may show it. */
  readonly shown: string;
  readonly dialect: SqlDialect;
  /** Names whoever claims trials by this engine, so that others can tell when it has gone. */
  readonly owner: string;
  /** Whether the process that an owner names has gone for certain. */
  isGone(session: SqlSession, owner: string): Promise<boolean>;
  /**
   * Runs work in a transaction. The work starts anew when the connection breaks, even if the transaction may have been
   * committed by then.
   */
  write<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  /** Runs work that only reads. */
  read<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What a SELECT or RETURNING names to get columns, whatever they hold. */
export function columns({ column }: Pick<SqlDialect, 'column'>, ...names: readonly string[]): string {
  return names.map((name) => `${column(name)} AS ${name}`).join(', ');
}

/** A column holds what it cannot hold: somebody changed the database, or it was damaged. */
export class ColumnError extends Error {
  override readonly name: string = 'ColumnError';

  constructor(column: string, value: SqlValue) {
    const found = value instanceof Uint8Array ? 'bytes that are no UTF-8' : `a ${typeof value}`;
    super(`its ${column} holds ${found}`);
  }
}

/**
 * The text of a column that has one.
 * @throws {ColumnError} when it holds something else.
 */
export function textOf(row: SqlRow | undefined, column: string): string {
  const value = row?.[column] ?? '';
  if (typeof value === 'string') return value;
  throw new ColumnError(column, value);
}

/**
 * The number of a column that has one.
 * @throws {ColumnError} when it holds something else.
 */
export function numberOf(row: SqlRow | undefined, column: string): number {
  const value = row?.[column] ?? 0;
  if (typeof value === 'number') return value;
  throw new ColumnError(column, value);
}

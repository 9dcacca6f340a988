/** What a column can hold. */
export type SqlValue = string | number | null;

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

/** The text of a column that has one. */
export function textOf(row: SqlRow | undefined, column: string): string {
  return String(row?.[column] ?? '');
}

/** The number of a column that has one. */
export function numberOf(row: SqlRow | undefined, column: string): number {
  return Number(row?.[column] ?? 0);
}

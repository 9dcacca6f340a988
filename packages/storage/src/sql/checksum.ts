/** Checksums of rows: a database that was damaged says so, rather than hand out other trials than were stored. */
import { FormatError } from '@espalier/search';
import { crc32 } from '../journal/crc32.ts';
import { ColumnError, type SqlRow, type SqlValue } from './engine.ts';

/** What is wrong with a row; {@link orDamaged} says whose it is. */
export class Damage extends Error {
  override readonly name: string = 'Damage';
}

/** The checksum of what a row holds. */
export function sumOf(...parts: readonly SqlValue[]): number {
  return crc32(Buffer.from(parts.map((part) => (part === null ? '' : String(part))).join('\u001f')));
}

/**
 * Compares what a row holds with its checksum; a row from before there were any is taken as it is.
 * @throws {Damage} when they differ.
 */
export function checkSum(row: SqlRow | undefined, column: string, ...parts: readonly SqlValue[]): void {
  const sum = row?.[column] ?? null;
  if (sum !== null && sum !== sumOf(...parts)) throw new Damage('its checksum does not match');
}

/**
 * Reads a part of a database.
 * @param what names the part: the study, and the trial
 * @throws {FormatError} when what it holds is damaged.
 */
export function orDamaged<T>(shown: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Damage || error instanceof ColumnError || error instanceof SyntaxError)) throw error;
    const problem = `${what} cannot be read: ${error.message.slice(0, 500)}`;
    throw new FormatError(shown, 0, `${problem}: restore the database from a copy`);
  }
}

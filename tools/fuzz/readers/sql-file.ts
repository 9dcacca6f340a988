/** Databases as inputs: how they are mutated, in bits and in rows. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findSqlite, type OpenSqlite, type SqliteDatabase } from '../../../packages/storage/src/sqlite/driver.ts';
import { names, numbers } from '../engine/dictionary.ts';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateJson } from '../engine/mutate-json.ts';
import type { Random } from '../engine/random.ts';

/** The SQLite that this Node has. */
export const openDatabase: OpenSqlite = await findSqlite('sqlite:');

/** A value as SQL, where it may be anything. */
function literal(random: Random, present: string): string {
  const text = (value: string): string => `'${value.replaceAll("'", "''").replaceAll('\0', '')}'`;
  switch (random.below(8)) {
    case 0:
      return 'NULL';
    case 1:
      return String(random.pick(numbers));
    case 2:
      return text(random.pick(names));
    case 3:
      // Bytes that are no UTF-8, as text.
      return `CAST(x'${random.pick(['c328ff', '7b22ff7d', 'f0', 'eda080'])}' AS TEXT)`;
    case 4:
      return "x'00ff80'";
    default:
      return text(Buffer.from(mutateJson(Buffer.from(present), random)).toString());
  }
}

/** Changes rows of a database at random. */
function changeRows(database: SqliteDatabase, random: Random): void {
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    .all()
    .map((row) => String(row['name']));
  for (let count = 1 + random.below(2); count > 0; count -= 1) {
    const table = random.pick(tables);
    const columns = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all();
    const column = String(random.pick(columns)['name']);
    const rows = database.prepare(`SELECT hex("${column}") AS value FROM ${table} LIMIT 200`).all();
    if (rows.length === 0) continue;
    const at = random.below(rows.length);
    const present = Buffer.from(String(rows[at]?.['value']), 'hex').toString();
    const key = columns.map(({ name }) => `"${String(name)}"`).join();
    const picked = `(${key}) = (SELECT ${key} FROM ${table} LIMIT 1 OFFSET ${at})`;
    const sql = random.chance(0.1)
      ? `DELETE FROM ${table} WHERE ${picked}`
      : `UPDATE ${table} SET "${column}" = ${literal(random, present)} WHERE ${picked}`;
    try {
      database.exec(sql);
    } catch {
      // What a constraint refuses cannot come to be so.
    }
  }
}

/** A database file with some bits or rows changed; `mend` makes rows fit together again. */
export function mutateDatabase(
  input: Uint8Array,
  random: Random,
  folder: string,
  mend: (database: SqliteDatabase) => void = () => undefined,
): Uint8Array {
  if (random.chance(0.4)) return mutateBytes(input, random);
  const file = join(folder, 'mutant.db');
  writeFileSync(file, input);
  const database = openDatabase(file);
  try {
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF');
    changeRows(database, random);
    if (random.chance(0.7)) mend(database);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
  return readFileSync(file);
}

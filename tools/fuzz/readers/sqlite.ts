/** Reads SQLite files of studies, for the most part with checksums that are right. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ofObjects, type Reader } from '../engine/reader.ts';
import { sumOf } from '../../../packages/storage/src/sql/checksum.ts';
import type { SqliteDatabase } from '../../../packages/storage/src/sqlite/driver.ts';
import { mutateDatabase } from './sql-file.ts';
import { readStudies, seedStudy, useFile } from './use-study.ts';

/** Gives every row the checksum that it should have. */
function sign(database: SqliteDatabase): void {
  const sums: readonly (readonly [table: string, sum: string, parts: readonly string[]])[] = [
    ['espalier_study', 'checksum', ['name', 'record']],
    ['espalier_write', 'checksum', ['revision', 'events']],
    ['espalier_trial', 'checksum', ['number', 'state', 'attempt', 'losses', 'owner']],
    ['espalier_trial', 'config_checksum', ['number', 'config']],
  ];
  for (const [table, sum, parts] of sums) {
    const key = table === 'espalier_study' ? 'id' : table === 'espalier_write' ? 'study, revision' : 'study, number';
    const names = key.split(', ');
    const read = parts.map((part) => `hex(${part}) AS ${part}`).join();
    const rows = database
      .prepare(`SELECT ${names.map((name) => `hex(${name}) AS key_${name}`).join()}, ${read} FROM ${table}`)
      .all();
    for (const row of rows) {
      const bytes = parts.map((part) => Buffer.from(String(row[part]), 'hex').toString());
      const where = names.map((name) => `hex(${name}) IS '${String(row[`key_${name}`])}'`).join(' AND ');
      database.exec(`UPDATE ${table} SET ${sum} = ${sumOf(...bytes)} WHERE ${where}`);
    }
  }
}

/** SQLite files of studies; the rows of most mutants have right checksums. */
export const sqliteReader: Reader = {
  name: 'sqlite',
  limit: ofObjects,
  seeds: async (folder) => {
    const file = join(folder, 'seed.db');
    await seedStudy(`sqlite:${file}`, 'seed');
    return [readFileSync(file)];
  },
  mutate: (input, random, folder) => mutateDatabase(input, random, folder, sign),
  read: async (input, folder) => {
    const file = join(folder, 'study.db');
    writeFileSync(file, input);
    await readStudies(`sqlite:${file}`);
  },
  use: (_input, folder) => useFile(`sqlite:${join(folder, 'study.db')}`),
};

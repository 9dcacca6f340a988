/** The tables of studies and the way to them from every earlier release. */
import type { SqlDialect, SqlSession } from './engine.ts';

/** The statements that bring a database from one version of the schema to the next. */
export type Migration = (dialect: SqlDialect) => readonly string[];

/**
 * How the schema came to be, oldest first: the version of a database is how many of these it has behind it. Only ever
 * add to the end.
 *
 * - `espalier_study`: its record as it was created, and the counters of its log.
 * - `espalier_write`: what was appended together, under the revision of its last event. `token` tells one writer's
 *   attempt from another's.
 * - `espalier_trial`: what a claim or a write has to know of each trial. Its indexes hold the few trials that a claim
 *   looks for, so that it costs the same in a long study.
 *
 * From version 2 on each row has a `checksum` of what does not change without it; rows from before have none. The config
 * of a trial has one of its own, since it is written apart from the rest.
 */
export const migrations: readonly Migration[] = [
  ({ identity, integer, table }) => [
    `CREATE TABLE espalier_study (id ${identity}, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL,
      revision ${integer} NOT NULL DEFAULT 0, next_number ${integer} NOT NULL DEFAULT 0)`,
    `CREATE TABLE espalier_write (study ${integer} NOT NULL, revision ${integer} NOT NULL, token TEXT NOT NULL,
      events TEXT NOT NULL, PRIMARY KEY (study, revision)) ${table}`,
    `CREATE TABLE espalier_trial (study ${integer} NOT NULL, number ${integer} NOT NULL, state TEXT NOT NULL,
      attempt ${integer} NOT NULL, losses ${integer} NOT NULL, lease_until ${integer}, owner TEXT, config TEXT,
      PRIMARY KEY (study, number)) ${table}`,
    `CREATE INDEX espalier_waiting ON espalier_trial (study, number) WHERE state = 'waiting'`,
    `CREATE INDEX espalier_running ON espalier_trial (study, lease_until) WHERE state = 'running'`,
  ],
  ({ integer }) => [
    `ALTER TABLE espalier_study ADD COLUMN checksum ${integer}`,
    `ALTER TABLE espalier_write ADD COLUMN checksum ${integer}`,
    `ALTER TABLE espalier_trial ADD COLUMN checksum ${integer}`,
    `ALTER TABLE espalier_trial ADD COLUMN config_checksum ${integer}`,
  ],
];

/** Brings a database of a version up to date, within the transaction of a session. */
export async function migrate(
  session: SqlSession,
  dialect: SqlDialect,
  version: number,
  wanted: readonly Migration[],
): Promise<void> {
  for (const migration of wanted.slice(version)) for (const sql of migration(dialect)) await session.all(sql);
}

/** What is wrong with a version that this package does not know; undefined when it does. */
export function versionProblem(version: number, wanted: readonly Migration[]): string | undefined {
  if (version <= wanted.length) return undefined;
  return `its schema has version ${version} and this package knows up to ${wanted.length}: use the release that wrote it, or a newer one`;
}

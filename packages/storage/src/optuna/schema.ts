/**
 * The tables of Optuna's relational storage, version 12 ("v3.2.0.a"), unchanged from Optuna 3.2 to 5: what its
 * dashboards read. Source: Optuna's `optuna.storages` (https://github.com/optuna/optuna), as created in SQLite.
 */

/** What `version_info` and `alembic_version` say of these tables. */
export const optunaVersion = { schema: 12, library: '5.0.0', migration: 'v3.2.0.a' } as const;

/** One row for each key of an owner. */
function attributes(owner: 'study' | 'trial', kind: 'user' | 'system'): string {
  const owners = owner === 'study' ? 'studies' : 'trials';
  return `CREATE TABLE ${owner}_${kind}_attributes (
    ${owner}_${kind}_attribute_id INTEGER NOT NULL PRIMARY KEY, ${owner}_id INTEGER REFERENCES ${owners} (${owner}_id),
    "key" VARCHAR(512), value_json TEXT, UNIQUE (${owner}_id, "key"))`;
}

/** The statements that create them. */
export const optunaTables: readonly string[] = [
  'CREATE TABLE studies (study_id INTEGER NOT NULL PRIMARY KEY, study_name VARCHAR(512) NOT NULL)',
  'CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name)',
  `CREATE TABLE version_info (version_info_id INTEGER NOT NULL PRIMARY KEY CHECK (version_info_id = 1),
    schema_version INTEGER, library_version VARCHAR(256))`,
  'CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)',
  `CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL PRIMARY KEY, direction VARCHAR(8) NOT NULL,
    study_id INTEGER NOT NULL REFERENCES studies (study_id), objective INTEGER NOT NULL, UNIQUE (study_id, objective))`,
  attributes('study', 'user'),
  attributes('study', 'system'),
  `CREATE TABLE trials (trial_id INTEGER NOT NULL PRIMARY KEY, number INTEGER,
    study_id INTEGER REFERENCES studies (study_id), state VARCHAR(8) NOT NULL, datetime_start DATETIME,
    datetime_complete DATETIME)`,
  'CREATE INDEX ix_trials_study_id ON trials (study_id)',
  attributes('trial', 'user'),
  attributes('trial', 'system'),
  `CREATE TABLE trial_params (param_id INTEGER NOT NULL PRIMARY KEY, trial_id INTEGER REFERENCES trials (trial_id),
    param_name VARCHAR(512), param_value FLOAT, distribution_json TEXT, UNIQUE (trial_id, param_name))`,
  `CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL PRIMARY KEY,
    trial_id INTEGER NOT NULL REFERENCES trials (trial_id), objective INTEGER NOT NULL, value FLOAT,
    value_type VARCHAR(7) NOT NULL, UNIQUE (trial_id, objective))`,
  `CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL PRIMARY KEY,
    trial_id INTEGER NOT NULL REFERENCES trials (trial_id), step INTEGER NOT NULL, intermediate_value FLOAT,
    intermediate_value_type VARCHAR(7) NOT NULL, UNIQUE (trial_id, step))`,
  `CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL PRIMARY KEY,
    trial_id INTEGER NOT NULL UNIQUE REFERENCES trials (trial_id), heartbeat DATETIME NOT NULL)`,
];

/** A number as two columns: what SQLite can hold of it, and which kind it is. */
export function typedNumber(value: number): readonly [number | null, 'FINITE' | 'INF_POS' | 'INF_NEG' | 'NAN'] {
  if (Number.isNaN(value)) return [null, 'NAN'];
  if (value === Infinity) return [null, 'INF_POS'];
  return value === -Infinity ? [null, 'INF_NEG'] : [value, 'FINITE'];
}

/** The number of two such columns. */
export function numberOfType(value: number | null, type: string): number {
  if (type === 'INF_POS') return Infinity;
  if (type === 'INF_NEG') return -Infinity;
  return type === 'NAN' || value === null ? Number.NaN : value;
}

/** Writes a study for Optuna's tools to read. */
import { randomUUID } from 'node:crypto';
import { access, rename, rm } from 'node:fs/promises';
import { own, StorageError, type Study, type TrialRecord, type TrialState } from '@espalier/search';
import { explainFile } from '../file-errors.ts';
import { encode } from '../json.ts';
import type { SqlValue } from '../sql/engine.ts';
import { findSqlite, type SqliteDatabase } from '../sqlite/driver.ts';
import { explaining } from '../sqlite/errors.ts';
import { distributionOf, storedValue } from './distribution.ts';
import { optunaTables, optunaVersion, typedNumber } from './schema.ts';

/** Optuna knows no pause: to it a paused trial is still running. */
const states: Readonly<Record<TrialState, string>> = {
  waiting: 'WAITING',
  running: 'RUNNING',
  paused: 'RUNNING',
  complete: 'COMPLETE',
  pruned: 'PRUNED',
  failed: 'FAIL',
};

/** A time as SQLAlchemy writes it, in UTC. */
function datetime(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString().replace('T', ' ').replace('Z', '000');
}

type Insert = (table: string, columns: string, values: readonly SqlValue[]) => void;

/** Adds rows; statements are prepared once for each table. */
function inserter(database: SqliteDatabase): Insert {
  const statements = new Map<string, ReturnType<SqliteDatabase['prepare']>>();
  return (table, columns, values) => {
    const sql = `INSERT INTO ${table} (${columns}) VALUES (${values.map(() => '?').join(', ')})`;
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    statement.run(...values);
  };
}

function writeTrial(study: Study, trial: TrialRecord, id: number, insert: Insert): void {
  const { criteria, space } = study;
  const { number, state, metrics, reports, startedAt, finishedAt, origin, spent, failure } = trial;
  const finished = state === 'complete' || state === 'pruned' || state === 'failed';
  insert('trials', 'trial_id, number, study_id, state, datetime_start, datetime_complete', [
    id,
    number,
    1,
    states[state],
    datetime(startedAt),
    finished ? datetime(finishedAt) : null,
  ]);
  for (const [path, { parameter, value }] of space.flatten(trial.config)) {
    insert('trial_params', 'trial_id, param_name, param_value, distribution_json', [
      id,
      path,
      storedValue(parameter, value),
      distributionOf(parameter),
    ]);
  }
  if (state === 'complete') {
    for (const [objective, { metric }] of criteria.objectives.entries()) {
      insert('trial_values', 'trial_id, objective, value, value_type', [
        id,
        objective,
        ...typedNumber(own(metrics, metric) ?? Number.NaN),
      ]);
    }
  }
  // Its dashboards draw one curve for each trial: that of the only objective.
  const curve = criteria.objectives.length === 1 ? (criteria.objectives[0]?.metric ?? '') : undefined;
  for (const { step, metrics: told } of curve === undefined ? [] : reports) {
    const value = own(told, curve ?? '');
    if (value === undefined) continue;
    const columns = 'trial_id, step, intermediate_value, intermediate_value_type';
    insert('trial_intermediate_values', columns, [id, step, ...typedNumber(value)]);
  }
  const names = new Set(criteria.objectives.map(({ metric }) => metric));
  const others = Object.entries(metrics).filter(([name]) => !names.has(name));
  const notes = { ...Object.fromEntries(others), origin, seconds: spent / 1000, ...(failure && { failure }) };
  for (const [key, value] of Object.entries(notes)) {
    insert('trial_user_attributes', 'trial_id, "key", value_json', [id, key, encode(value)]);
  }
  if (criteria.constraints.length > 0 && state === 'complete') {
    const violations = criteria.constraints.map((constraint) => {
      const value = own(metrics, constraint.metric) ?? Number.NaN;
      const excess = constraint.relation === '<=' ? value - constraint.bound : constraint.bound - value;
      return Number.isNaN(excess) ? Infinity : excess;
    });
    insert('trial_system_attributes', 'trial_id, "key", value_json', [id, 'constraints', encode(violations)]);
  }
}

function writeStudy(study: Study, database: SqliteDatabase): void {
  database.exec('BEGIN');
  for (const sql of optunaTables) database.exec(sql);
  const insert = inserter(database);
  insert('version_info', 'version_info_id, schema_version, library_version', [
    1,
    optunaVersion.schema,
    optunaVersion.library,
  ]);
  insert('alembic_version', 'version_num', [optunaVersion.migration]);
  insert('studies', 'study_id, study_name', [1, study.name]);
  for (const [objective, { direction, metric }] of study.criteria.objectives.entries()) {
    insert('study_directions', 'direction, study_id, objective', [direction.toUpperCase(), 1, objective]);
    insert('study_user_attributes', 'study_id, "key", value_json', [1, `metric ${objective}`, encode(metric)]);
  }
  const metrics = study.criteria.objectives.map(({ metric }) => metric);
  insert('study_system_attributes', 'study_id, "key", value_json', [1, 'study:metric_names', encode(metrics)]);
  for (const [index, trial] of study.trials.entries()) writeTrial(study, trial, index + 1, insert);
  database.exec('COMMIT');
}

/** Whether there is a file of a name. */
function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Writes a study as an SQLite database of Optuna's schema, which `optuna-dashboard sqlite:///FILE` and Optuna itself
 * open. Conditional and nested parameters keep their paths as names; metrics beside the objectives, where a config came
 * from and how a trial failed become user attributes. The file is there when it is whole, or not at all.
 * @throws {StorageError} when the file is there already or cannot be written, or Node has no SQLite.
 */
export async function exportOptuna(study: Study, path: string): Promise<void> {
  const url = `sqlite:${path}`;
  if (await isThere(path)) throw new StorageError(url, 'there is a file of this name: name another');
  const open = await findSqlite(url);
  const draft = `${path}.${randomUUID()}.part`;
  try {
    explaining(path, () => {
      const database = open(draft);
      try {
        writeStudy(study, database);
      } finally {
        database.close();
      }
    });
    await rename(draft, path).catch((error: unknown) => {
      throw explainFile(url, path, error);
    });
  } finally {
    for (const left of [draft, `${draft}-journal`]) await rm(left, { force: true });
  }
}

import { FormatError, SpaceError, StorageError } from '@espalier/search';
import type { Parameter, ParameterValue, Report } from '@espalier/search';
import { access } from 'node:fs/promises';
import { numberOf, textOf } from '../sql/engine.ts';
import type { SqlRow } from '../sql/engine.ts';
import { findSqlite } from '../sqlite/driver.ts';
import type { SqliteDatabase } from '../sqlite/driver.ts';
import { explaining, isAnotherSchema } from '../sqlite/errors.ts';
import { parameterOf, valueOfStored } from './distribution.ts';
import { numberOfType, optunaVersion } from './schema.ts';

/** A trial as Optuna keeps it. */
export interface OptunaTrial {
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly ended: number;
  readonly values: ReadonlyMap<string, ParameterValue>;
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly reports: readonly Pick<Report, 'step' | 'metrics'>[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** A study as Optuna keeps it. */
export interface OptunaStudy {
  readonly name: string;
  readonly objectives: readonly string[];
  readonly trials: readonly OptunaTrial[];
}

type Rows = (sql: string, ...values: readonly (string | number)[]) => readonly SqlRow[];

/** A name that can be a parameter's; Optuna allows any. */
const safe = (name: string): string => name.replaceAll(/[./[\]]/gu, '_');

function timeOf(row: SqlRow, column: string): number | undefined {
  const text = textOf(row, column);
  return text === '' || text === 'null' ? undefined : Date.parse(`${text.replace(' ', 'T').slice(0, 23)}Z`);
}

/** Reads a text of JSON. @throws FormatError when it is not, or describes no parameter that can be. */
function parsed<T>(file: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof SpaceError)) throw error;
    const problem = `it holds ${text.slice(0, 200)}, which cannot be read (${error.message})`;
    throw new FormatError(file, 0, `${problem}: restore it from a copy, or correct it with sqlite3`);
  }
}

/** The values that a queued trial will have: not yet drawn, and so without their parameters. */
function fixedValues(file: string, rows: Rows, trial: number): readonly (readonly [string, ParameterValue])[] {
  const sql = `SELECT value_json FROM trial_system_attributes WHERE trial_id = ? AND "key" = 'fixed_params'`;
  const [row] = rows(sql, trial);
  const fixed = row === undefined ? {} : parsed(file, textOf(row, 'value_json'), (text): unknown => JSON.parse(text));
  return Object.entries(fixed as Record<string, ParameterValue>).map(([name, value]) => [safe(name), value]);
}

function readTrial(file: string, rows: Rows, row: SqlRow, metrics: readonly string[]): OptunaTrial {
  const id = numberOf(row, 'trial_id');
  const all = (table: string, order: string): readonly SqlRow[] =>
    rows(`SELECT * FROM ${table} WHERE trial_id = ? ORDER BY ${order}`, id);
  const drawn = all('trial_params', 'param_id').map((each) => {
    const name = safe(textOf(each, 'param_name'));
    const parameter = parsed(file, textOf(each, 'distribution_json'), parameterOf);
    if (parameter === undefined) throw new FormatError(file, 0, `parameter '${name}' has an unknown distribution`);
    return { name, parameter, value: valueOfStored(parameter, numberOf(each, 'param_value')) };
  });
  const began = timeOf(row, 'datetime_start') ?? 0;
  const told = (each: SqlRow, column: string, type: string): number =>
    numberOfType(each[column] as number | null, textOf(each, type));
  const results = all('trial_values', 'objective').map((each): [string, number] => [
    metrics[numberOf(each, 'objective')] ?? '',
    told(each, 'value', 'value_type'),
  ]);
  return {
    state: textOf(row, 'state'),
    began,
    ended: timeOf(row, 'datetime_complete') ?? began,
    parameters: new Map(drawn.map(({ name, parameter }) => [name, parameter])),
    values: new Map([...fixedValues(file, rows, id), ...drawn.map(({ name, value }) => [name, value] as const)]),
    reports: all('trial_intermediate_values', 'step').map((each) => ({
      step: numberOf(each, 'step'),
      metrics: { [metrics[0] ?? 'value']: told(each, 'intermediate_value', 'intermediate_value_type') },
    })),
    metrics: Object.fromEntries(results),
  };
}

function checkVersion(url: string, database: SqliteDatabase): void {
  let version: number;
  try {
    version = numberOf(database.prepare('SELECT schema_version FROM version_info').all()[0], 'schema_version');
  } catch (cause) {
    if (!isAnotherSchema(cause)) throw cause;
    throw new StorageError(url, 'this is no database of Optuna: name another file', { cause });
  }
  if (version === optunaVersion.schema) return;
  const known = `its schema has version ${version}, and ${optunaVersion.schema} is known`;
  throw new StorageError(url, `${known}: upgrade it by Optuna's 'storage upgrade'`);
}

function readStudy(path: string, url: string, database: SqliteDatabase, from: string | undefined): OptunaStudy {
  const rows: Rows = (sql, ...values) => database.prepare(sql).all(...values);
  const studies = rows('SELECT study_id, study_name FROM studies ORDER BY study_id');
  const only = from === undefined && studies.length === 1;
  const chosen = only ? studies[0] : studies.find((row) => row['study_name'] === from);
  if (chosen === undefined) {
    const names = studies.map((row) => `'${textOf(row, 'study_name')}'`).join(', ') || 'no study';
    throw new StorageError(url, `it holds ${names}: name one of them`);
  }
  const id = numberOf(chosen, 'study_id');
  const directions = rows('SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective', id);
  const metrics = directions.map((_, index) => (directions.length === 1 ? 'value' : `value-${index}`));
  return {
    name: textOf(chosen, 'study_name'),
    objectives: directions.map((row, index) => `${textOf(row, 'direction').toLowerCase()} ${metrics[index] ?? ''}`),
    trials: rows('SELECT * FROM trials WHERE study_id = ? ORDER BY number', id).map((row) =>
      readTrial(path, rows, row, metrics),
    ),
  };
}

/**
 * Reads a study from an SQLite database that Optuna made.
 * @param from its name; may be undefined when the file holds one only
 * @throws StorageError when the file is no such database, or holds several studies and none is named.
 * @throws FormatError when a parameter is of a kind that this package does not know.
 */
export async function readOptuna(path: string, from?: string): Promise<OptunaStudy> {
  const url = `sqlite:${path}`;
  await access(path).catch((cause: unknown) => {
    throw new StorageError(url, 'there is no such file: check the path', { cause });
  });
  const open = await findSqlite(url);
  return explaining(path, () => {
    const database = open(path);
    try {
      checkVersion(url, database);
      return readStudy(path, url, database, from);
    } finally {
      database.close();
    }
  });
}

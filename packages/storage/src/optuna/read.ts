/** Reads Optuna's own tables, of which nothing is taken for granted. */
import { access } from 'node:fs/promises';
import {
  FormatError,
  SpaceError,
  StorageError,
  type Parameter,
  type ParameterValue,
  type Report,
} from '@espalier/search';
import { decode } from '../json.ts';
import { ColumnError, columns, numberOf, textOf, type SqlRow } from '../sql/engine.ts';
import { dialect } from '../sqlite/connect.ts';
import { Connection } from '../sqlite/connection.ts';
import { findSqlite } from '../sqlite/driver.ts';
import { isForeign } from '../sqlite/errors.ts';
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

/** Gives columns of the rows of a table. */
type Rows = (
  table: string,
  names: readonly string[],
  rest: string,
  ...values: readonly (string | number)[]
) => readonly SqlRow[];

/** A name that can be a parameter's; Optuna allows any. */
const safe = (name: string): string => name.replaceAll(/[./[\]]/gu, '_');

function timeOf(row: SqlRow, column: string): number | undefined {
  const text = textOf(row, column);
  const time = Date.parse(`${text.replace(' ', 'T').slice(0, 23)}Z`);
  return Number.isFinite(time) ? time : undefined;
}

/**
 * Reads a text of JSON.
 * @throws {FormatError} when it is not, or describes no parameter that can be.
 */
function parsed<T>(file: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof SpaceError)) throw error;
    throw damaged(file, `it holds ${text.slice(0, 200)}, which cannot be read (${error.message})`);
  }
}

function damaged(file: string, problem: string): FormatError {
  return new FormatError(file, 0, `${problem}: restore it from a copy, or correct it with sqlite3`);
}

/** The values that a queued trial will have: not yet drawn, and so without their parameters. */
function fixedValues(file: string, rows: Rows, trial: number): readonly (readonly [string, ParameterValue])[] {
  const which = `WHERE trial_id = ? AND "key" = 'fixed_params'`;
  const [row] = rows('trial_system_attributes', ['value_json'], which, trial);
  const fixed = row === undefined ? {} : parsed(file, textOf(row, 'value_json'), decode);
  if (typeof fixed !== 'object' || fixed === null) throw damaged(file, `the fixed values of trial ${trial} are none`);
  return Object.entries(fixed).map(([name, value]) => [safe(name), value as ParameterValue]);
}

function readTrial(file: string, rows: Rows, row: SqlRow, metrics: readonly string[]): OptunaTrial {
  const id = numberOf(row, 'trial_id');
  const all = (table: string, order: string, ...names: readonly string[]): readonly SqlRow[] =>
    rows(table, names, `WHERE trial_id = ? ORDER BY ${table}.${order}`, id);
  const drawn = all('trial_params', 'param_id', 'param_name', 'distribution_json', 'param_value').map((each) => {
    const name = safe(textOf(each, 'param_name'));
    const parameter = parsed(file, textOf(each, 'distribution_json'), parameterOf);
    if (parameter === undefined) throw new FormatError(file, 0, `parameter '${name}' has an unknown distribution`);
    return { name, parameter, value: valueOfStored(parameter, numberOf(each, 'param_value')) };
  });
  const began = timeOf(row, 'datetime_start') ?? 0;
  const told = 'intermediate_value';
  const numberIn = (each: SqlRow, column: string, type: string): number =>
    numberOfType(each[column] === null ? null : numberOf(each, column), textOf(each, type));
  const results = all('trial_values', 'objective', 'objective', 'value', 'value_type').map((each): [string, number] => [
    metrics[numberOf(each, 'objective')] ?? '',
    numberIn(each, 'value', 'value_type'),
  ]);
  return {
    state: textOf(row, 'state'),
    began,
    ended: timeOf(row, 'datetime_complete') ?? began,
    parameters: new Map(drawn.map(({ name, parameter }) => [name, parameter])),
    values: new Map([...fixedValues(file, rows, id), ...drawn.map(({ name, value }) => [name, value] as const)]),
    reports: all('trial_intermediate_values', 'step', 'step', told, `${told}_type`).map((each) => {
      const step = numberOf(each, 'step');
      if (!Number.isSafeInteger(step) || step < 0) throw damaged(file, `trial ${id} tells of step ${step}`);
      return { step, metrics: { [metrics[0] ?? 'value']: numberIn(each, told, `${told}_type`) } };
    }),
    metrics: Object.fromEntries(results),
  };
}

function checkVersion(url: string, rows: Rows): void {
  let version: number;
  try {
    version = numberOf(rows('version_info', ['schema_version'], '')[0], 'schema_version');
  } catch (cause) {
    if (!isForeign(cause)) throw cause;
    throw new StorageError(url, 'this is no database of Optuna: name another file', { cause });
  }
  if (version === optunaVersion.schema) return;
  const known = `its schema has version ${version}, and ${optunaVersion.schema} is known`;
  throw new StorageError(url, `${known}: upgrade it by Optuna's 'storage upgrade'`);
}

function readStudy(path: string, url: string, rows: Rows, from: string | undefined): OptunaStudy {
  const studies = rows('studies', ['study_id', 'study_name'], 'ORDER BY studies.study_id');
  const only = from === undefined && studies.length === 1;
  const chosen = only ? studies[0] : studies.find((row) => row['study_name'] === from);
  if (chosen === undefined) {
    const names = studies.map((row) => `'${textOf(row, 'study_name')}'`).join(', ') || 'no study';
    throw new StorageError(url, `it holds ${names}: name one of them`);
  }
  const id = numberOf(chosen, 'study_id');
  const directions = rows('study_directions', ['direction'], 'WHERE study_id = ? ORDER BY objective', id);
  const metrics = directions.map((_, index) => (directions.length === 1 ? 'value' : `value-${index}`));
  return {
    name: textOf(chosen, 'study_name'),
    objectives: directions.map((row, index) => `${textOf(row, 'direction').toLowerCase()} ${metrics[index] ?? ''}`),
    trials: rows(
      'trials',
      ['trial_id', 'state', 'datetime_start', 'datetime_complete'],
      'WHERE study_id = ? ORDER BY number',
      id,
    ).map((row) => readTrial(path, rows, row, metrics)),
  };
}

/**
 * Reads a study from an SQLite database that Optuna made.
 * @param from its name; may be undefined when the file holds one only
 * @throws {StorageError} when the file is no such database, or holds several studies and none is named.
 * @throws {FormatError} when it is damaged, or a parameter is of a kind that this package does not know.
 */
export async function readOptuna(path: string, from?: string): Promise<OptunaStudy> {
  const url = `sqlite:${path}`;
  await access(path).catch((cause: unknown) => {
    throw new StorageError(url, 'there is no such file: check the path', { cause, code: 'storage-missing' });
  });
  const open = await findSqlite(url);
  const connection = new Connection(path, () => open(path));
  const rows: Rows = (table, names, rest, ...values) =>
    connection.rows(`SELECT ${columns(dialect, ...names)} FROM ${table} ${rest}`, values);
  try {
    checkVersion(url, rows);
    return readStudy(path, url, rows, from);
  } catch (error) {
    throw error instanceof ColumnError ? damaged(path, error.message) : error;
  } finally {
    connection.close();
  }
}

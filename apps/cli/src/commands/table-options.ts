/** Options of the commands that read a table: what is learnt of it, and what its columns are. */
import { DataError } from '@espalier/data';
import { readTable } from '@espalier/data/node';
import { suggestion } from '@espalier/pipeline';
import { columnOptions, knownColumns, type ColumnUse, type TableUse } from '@espalier/pipeline/node';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { quoted } from '../cli/shell.ts';
import { UsageError } from '../errors.ts';

/** What may be told of a table. */
export interface TableOptions {
  /** Names of columns, or lists of them with commas. */
  readonly target?: readonly string[];
  /** Each such as `zip=category`. */
  readonly column?: readonly string[];
  /** Columns that rows are parted by. */
  readonly group?: string;
  readonly time?: string;
}

/** What a column can be said to be. */
const columnUses = [
  'number',
  'category',
  'text',
  'date',
  'identifier',
  'ignore',
] as const satisfies readonly ColumnUse[];

/** A value more of an option that may be repeated. */
const another = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/**
 * A column and what it is, such as `zip=category`; a name may have a `=` itself.
 * @throws {InvalidArgumentError} for anything else.
 */
function columnUse(text: string): readonly [string, ColumnUse] {
  const at = text.lastIndexOf('=');
  const [name, use] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  if (name === '') throw new InvalidArgumentError(`Give NAME=KIND, where KIND is one of ${columnUses.join(', ')}.`);
  const known = columnUses.find((each) => each === use);
  if (known !== undefined) return [name, known];
  throw new InvalidArgumentError(`There is no kind '${use}': ${suggestion(use, columnUses)}.`);
}

/** Adds the options of commands that read a table. */
export function withTableOptions(command: Command, target: string): Command {
  const several = 'several, by commas or by --target again, are numbers or labels';
  const column = new Option('--column <name=kind>', `what a column is: ${columnUses.join(', ')}; may be repeated`);
  // It is kept as it was written, so that the command to go on can repeat it.
  const checked = (text: string, before?: readonly string[]): readonly string[] => {
    columnUse(text);
    return another(text, before);
  };
  return command
    .addOption(new Option('--target <column>', `${target}; ${several}`).argParser(another))
    .addOption(column.argParser(checked))
    .addOption(new Option('--group <column>', 'rows of a group stay in one part, such as those of a patient'))
    .addOption(new Option('--time <column>', 'parts follow each other in this column').conflicts('group'));
}

/** The names in a list with commas, the longest that there are; undefined where a piece is none. */
function namesIn(pieces: readonly string[], names: ReadonlySet<string>): readonly string[] | undefined {
  if (pieces.length === 0) return [];
  for (let count = pieces.length; count > 0; count--) {
    const name = pieces.slice(0, count).join(',');
    const others = names.has(name) ? namesIn(pieces.slice(count), names) : undefined;
    if (others) return [name, ...others];
  }
  return undefined;
}

/** The columns that are named: a name that has commas itself stands for its column. */
function targetsOf(given: readonly string[], known: readonly string[]): readonly string[] {
  const names = new Set(known);
  // What is none is told by whoever looks for it.
  return given.flatMap((text) => namesIn(text.split(','), names) ?? text.split(','));
}

/**
 * What is told of a table, by its columns.
 * @throws {UsageError} for columns of which two different things are told.
 * @throws {DataError | FormatError} for a table that cannot be read.
 */
export async function tableUse(
  file: string,
  { target: given = [], column = [], group, time }: TableOptions,
): Promise<Omit<TableUse, 'target' | 'seed'> & { readonly target: readonly string[] }> {
  const target = given.some((text) => text.includes(','))
    ? targetsOf(
        given,
        (
          await readTable(file, {
            known: knownColumns({ target: given.flatMap((text) => [text, ...text.split(',')]) }),
          })
        ).names,
      )
    : given;
  const columns: Record<string, ColumnUse> = {};
  for (const [name, use] of column.map(columnUse)) {
    const other = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (other !== undefined && other !== use)
      throw new UsageError(`--column: '${name}' is said to be ${other} and ${use}: say one of the two`);
    if (use === 'ignore' && target.includes(name))
      throw new UsageError(`--column: '${name}' is the target and cannot be ignored: leave one of the two out`);
    columns[name] = use;
  }
  const parting = [group, time].find((name) => name !== undefined && target.includes(name));
  if (parting !== undefined) throw new UsageError(`--target: rows are parted by '${parting}': learn another column`);
  return {
    file,
    target,
    ...(column.length > 0 && { columns }),
    ...(group !== undefined && { group }),
    ...(time !== undefined && { time }),
  };
}

/** What is told of a table on the command line. */
export type ToldTable = Awaited<ReturnType<typeof tableUse>>;

/** What `describeTable` is to be told of it. */
export const describeOptions = ({ target, columns, group, time }: ToldTable, seed: number): object => ({
  ...columnOptions(columns),
  ...(group !== undefined && { group }),
  ...(time !== undefined && { time }),
  ...(target.length > 0 && { target }),
  seed,
});

/**
 * Does something with a table whose columns can be told otherwise: an error of one says how.
 * @throws {DataError} with the option that leaves its column out.
 */
export async function withColumnRemedies<Made>(
  { target, group, time }: ToldTable,
  work: () => Promise<Made>,
): Promise<Made> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const { source, row, column, problem } = error;
    if (column === undefined || [...target, group, time].includes(column)) throw error;
    const place = { ...(row !== undefined && { row }), column };
    throw new DataError(source, place, `${problem}; or leave the column out by --column ${quoted(`${column}=ignore`)}`);
  }
}

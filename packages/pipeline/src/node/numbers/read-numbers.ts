/** A table as a model of somebody's takes it: its columns of numbers, in their order, and beside them what would be right. */
import { DataError, inOrderOfValues, type Table } from '@espalier/data';
import { ConfigError } from '@espalier/nn';
import { UsageError } from '../../errors.ts';

/** How a table becomes examples of a model that says nothing of its data. JSON. */
export interface NumbersPreparation {
  readonly source: 'numbers';
  /** The shape of an example. Default: one number for each column. */
  readonly shape?: readonly number[];
  /** Columns that are no inputs. */
  readonly ignored?: readonly string[];
  /** What is right: a column of classes, or of numbers where the model gives one; several of numbers. */
  readonly target?: readonly string[];
  /** In the order of the outputs. Default: whole numbers from 0 are outputs themselves, other values come in their order. */
  readonly classes?: readonly string[];
}

const areTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');

/**
 * Reads such a preparation.
 * @throws {ConfigError} naming the field that is wrong.
 */
export function readNumbersPreparation(config: unknown): NumbersPreparation {
  const given = Object(config) as NumbersPreparation;
  for (const name of ['ignored', 'target', 'classes'] as const)
    if (given[name] !== undefined && !areTexts(given[name]))
      throw new ConfigError(`preparation.${name}`, 'is no list of names');
  const { shape } = given;
  if (shape !== undefined && !(Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size > 0)))
    throw new ConfigError('preparation.shape', 'is no shape');
  return given;
}

/**
 * The numbers of a column; truth values are 1 and 0.
 * @throws {DataError} naming the row that has none.
 */
export function numbersIn(table: Table, name: string): Float64Array {
  const { type, values, missing } = table.column(name);
  return Float64Array.from({ length: table.rows }, (_, row) => {
    const place = { row: table.rowNumber(row), column: name };
    if (missing?.[row] === 1)
      throw new DataError(
        table.source,
        place,
        'is missing, and this model says nothing of what is missing: fill it in',
      );
    if (type === 'text')
      throw new DataError(
        table.source,
        place,
        `'${(values[row] ?? '').slice(0, 60)}' is no number, and this model takes numbers: leave the column out by --column ${name}=ignore, or name it by --target`,
      );
    return values[row] ?? NaN;
  });
}

/**
 * The inputs of rows: f32 [rows, ...shape].
 * @throws {DataError} naming the row of what is no number.
 * @throws {UsageError} for another number of columns than the model takes.
 */
export function inputsIn(
  table: Table,
  { shape, ignored = [], target = [] }: NumbersPreparation,
): { readonly data: Float32Array; readonly shape: readonly number[] } {
  const names = table.names.filter((name) => !ignored.includes(name) && !target.includes(name));
  const width = names.length;
  const own = shape ?? [width];
  const wanted = own.reduce((product, size) => product * size, 1);
  if (width !== wanted) {
    const shown = names.slice(0, 8).join(', ') + (width > 8 ? ` and ${width - 8} more` : '');
    throw new UsageError(
      `${table.source}: ${width} columns are inputs (${shown}), and the model takes ${wanted} numbers: ${width > wanted ? 'name what is right by --target, and leave others out by --column NAME=ignore' : 'give a table with all of them'}`,
    );
  }
  const data = new Float32Array(table.rows * width);
  for (const [at, name] of names.entries())
    for (const [row, value] of numbersIn(table, name).entries()) data[row * width + at] = value;
  return { data, shape: [table.rows, ...own] };
}

/** What is right of a table, as a model gives it. */
export type RightAnswers =
  | { readonly as: 'classes'; readonly name: string; readonly classes: readonly string[]; readonly targets: Int32Array }
  | { readonly as: 'numbers'; readonly names: readonly string[]; readonly targets: Float64Array };

/** The values of a column as texts. */
function textsIn(table: Table, name: string): string[] {
  const { values, missing } = table.column(name);
  return Array.from({ length: table.rows }, (_, row) => {
    if (missing?.[row] !== 1) return String(values[row]);
    throw new DataError(table.source, { row: table.rowNumber(row), column: name }, 'the class is missing: fill it in');
  });
}

/** What the outputs of a model are called: by what is told, else by values, where those fit. */
function classesFor(table: Table, name: string, values: readonly string[], width: number): readonly string[] {
  const different = inOrderOfValues([...new Set(values)]);
  const areOutputs = different.every((value) => /^\d+$/u.test(value) && Number(value) < width);
  if (areOutputs) return Array.from({ length: width }, (_, index) => String(index));
  if (different.length === width) return different;
  const shown = different.slice(0, 6).join(', ') + (different.length > 6 ? ', …' : '');
  throw new UsageError(
    `${table.source}: '${name}' has ${different.length} different values (${shown}), and the model tells ${width} classes apart: name these in the order of its outputs by --classes`,
  );
}

/**
 * What is right of the rows of a table, for a model that gives so many numbers of each.
 * @throws {DataError} naming the row of what cannot be.
 * @throws {UsageError} for targets or classes that do not fit the outputs.
 */
export function answersIn(table: Table, preparation: NumbersPreparation, width: number): RightAnswers {
  const { target = [], classes } = preparation;
  const [name] = target;
  if (name === undefined)
    throw new UsageError(`${table.source}: nothing says which column is right: name it by --target`);
  if (target.length > 1 || width === 1) {
    if (target.length !== width)
      throw new UsageError(
        `${table.source}: ${target.length} targets are named, and the model gives ${width} numbers: name as many`,
      );
    const columns = target.map((each) => numbersIn(table, each));
    const targets = Float64Array.from({ length: table.rows * width }, (_, at) => columns[at % width]?.[Math.floor(at / width)] ?? 0); // prettier-ignore
    return { as: 'numbers', names: target, targets };
  }
  const values = textsIn(table, name);
  const known = classes ?? classesFor(table, name, values, width);
  if (known.length !== width)
    throw new UsageError(`--classes: ${known.length} are named, and the model tells ${width} apart: name as many`);
  const indices = new Map(known.map((value, index) => [value, index]));
  const targets = Int32Array.from(values, (value, row) => {
    const index = indices.get(value);
    if (index !== undefined) return index;
    throw new DataError(
      table.source,
      { row: table.rowNumber(row), column: name },
      `'${value.slice(0, 60)}' is none of the classes ${known.join(', ')}`,
    );
  });
  return { as: 'classes', name, classes: known, targets };
}

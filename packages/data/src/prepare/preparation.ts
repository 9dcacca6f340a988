/** How rows of a table become examples: learnt from the training part alone, saved with the model, and applied the same ever after. */
import { ArgumentError, type Device } from '@espalier/tensor';
import { ConfigError, tensorDataset, type Dataset, type HostArray } from '@espalier/nn';
import {
  aText,
  anObject,
  check,
  checkOptions,
  either,
  listOf,
  oneOf,
  ruleOf,
  show,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import { schemaOf, type ColumnKind } from '../schema/schema.ts';
import type { Column } from '../table/column.ts';
import type { Table } from '../table/table.ts';
import { addEncoding, encodingsOf, type Encoding, type EncodingType, type NamedColumn } from './encoding.ts';
import { bytesOfTexts } from './bytes.ts';
import { oneHot, ordinal } from './categories.ts';
import { recordsField, textField, type Config } from './fields.ts';
import { numberEncodings } from './numbers.ts';
import { classTarget, encodeTarget, numberTarget, outputsOf, parseTarget, type Target } from './target.ts';

const encodings = encodingsOf([...numberEncodings, oneHot, ordinal, bytesOfTexts]);

/** The names of all encodings, those that were registered last. */
export const encodingTypes: readonly string[] = encodings.names;

/**
 * Makes an encoding known by its name.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerEncoding(type: EncodingType): void {
  addEncoding(encodings, type);
}

/** A column that is not learnt from, and why. */
export interface Ignored {
  readonly column: string;
  readonly why: string;
}

/** A preparation as JSON. */
export interface PreparationConfig {
  readonly version: 1;
  readonly inputs: readonly Encoding[];
  readonly ignored: readonly Ignored[];
  readonly target?: Target;
}

/** How a column is encoded: the name of an encoding, or its name with settings; `false` leaves the column out. */
export type EncodingChoice = string | false | { readonly as: string; readonly [setting: string]: unknown };

/** What may be told of a preparation. */
export interface PreparationOptions {
  /** The column, or columns, that are learnt. Without any there are only inputs. */
  readonly target?: string | readonly string[];
  /**
   * What the target is. Default: classes of texts, truth values and at most 20 different integers; else numbers. Several columns are labels
   * where all are truth values, or 1 and 0; else numbers. A kind that is told of a target decides: numbers of `number`, classes of others.
   */
  readonly learn?: Target['as'];
  /** The classes in the order of their indices. Default: those of the training part, in order. */
  readonly classes?: readonly string[];
  /** How columns are encoded, by name. */
  readonly columns?: Readonly<Record<string, EncodingChoice>>;
  /** What columns are, by name. */
  readonly kinds?: Readonly<Record<string, ColumnKind>>;
}

const preparationRules: OptionRules<PreparationOptions> = {
  target: either(aText, listOf(aText)),
  learn: oneOf('classes', 'labels', 'numbers'),
  classes: listOf(aText),
  columns: ruleOf("encodings by column, such as { town: 'one-hot', note: false }", anObject.holds),
  kinds: ruleOf("kinds by column, such as { zip: 'category' }", anObject.holds),
};

/** How columns of a kind are encoded where nothing is told, or why they are not. */
const usual: Readonly<Record<ColumnKind, { readonly as: string } | { readonly why: string }>> = {
  number: { as: 'standard' },
  boolean: { as: 'standard' },
  category: { as: 'one-hot' },
  constant: { why: 'has one value' },
  empty: { why: 'has no value' },
  date: { why: 'is dates; make numbers of them, or read it as a category' },
  identifier: { why: 'numbers or names rows' },
  text: { why: 'is free text; encode it as bytes, for a model of its own' },
};

/** Integers of at most so many different values are classes, where nothing is told. */
const mostIntegerClasses = 20;

/** What a preparation of a table must be of: rows. */
const named = (table: Table, name: string): NamedColumn => ({
  source: table.source,
  name,
  rows: table.rows,
  column: table.column(name),
  rowNumber: (row) => table.rowNumber(row),
});

/** Whether all values are true or false, or 1 or 0. */
function areTruths(column: Column): boolean {
  if (column.type === 'boolean') return true;
  return (
    column.type === 'number' &&
    column.values.every((value, row) => column.missing?.[row] === 1 || value === 0 || value === 1)
  );
}

/** What columns of targets are learnt as, where nothing is told but perhaps what they are. */
function learnOf(
  table: Table,
  names: readonly string[],
  kinds: NonNullable<PreparationOptions['kinds']>,
): Target['as'] {
  const told = names.flatMap((name) => (Object.hasOwn(kinds, name) ? [kinds[name]] : []));
  const columns = names.map((name) => table.column(name));
  if (told.includes('number')) return 'numbers';
  const [column] = columns;
  if (columns.length > 1 || column === undefined) return columns.every(areTruths) ? 'labels' : 'numbers';
  if (told.length > 0 || column.type !== 'number') return 'classes';
  return column.values instanceof Int32Array && new Set(column.values).size <= mostIntegerClasses
    ? 'classes'
    : 'numbers';
}

function targetOf(table: Table, { target, learn, classes, kinds = {} }: PreparationOptions): Target | undefined {
  const columns = target === undefined ? [] : typeof target === 'string' ? [target] : target;
  const [first] = columns;
  if (first === undefined) return undefined;
  const twice = columns.find((column, index) => columns.indexOf(column) < index);
  if (twice !== undefined)
    throw new DataError(table.source, { column: twice }, 'is named twice as a target; name it once');
  const as = learn ?? learnOf(table, columns, kinds);
  if (as === 'numbers') return numberTarget(table, columns);
  for (const column of columns) table.column(column);
  if (as === 'labels') return { as, columns };
  if (columns.length > 1)
    throw new DataError(
      table.source,
      { column: first },
      `is one of ${columns.length} targets, and classes stand in one column; learn one column, or labels of 1 and 0, or numbers`,
    );
  return classTarget(table, first, classes);
}

/** Turns rows into examples, always in the same way. */
export class Preparation {
  readonly #config: PreparationConfig;
  readonly #types: readonly EncodingType[];
  /** The names of the numbers of an example, in order. */
  readonly features: readonly string[];

  /** @throws {ConfigError} for what is no preparation. */
  constructor(config: unknown) {
    const given = check('Preparation', 'config', config, anObject);
    if (given['version'] !== 1) throw new ConfigError('version', `is ${show(given['version'])}; it must be 1`);
    const inputs = recordsField(given, 'inputs', 'preparation').map((input, index) => {
      const where = `inputs[${index}]`;
      textField(input, 'column', where);
      return encodings.find(`${where}.as`, input['as']).parse(input, where);
    });
    const ignored = recordsField(given, 'ignored', 'preparation').map((each, index) => ({
      column: textField(each, 'column', `ignored[${index}]`),
      why: textField(each, 'why', `ignored[${index}]`),
    }));
    const target =
      given['target'] === undefined
        ? undefined
        : parseTarget(check('Preparation', 'target', given['target'], anObject), 'target');
    this.#config = { version: 1, inputs, ignored, ...(target && { target }) };
    this.#types = inputs.map(({ as }) => encodings.find('as', as));
    this.features = inputs.flatMap((input, index) => [...(this.#types[index] as EncodingType).features(input)]);
  }

  /** The preparation as JSON; `new Preparation(config)` is the same again. */
  config(): PreparationConfig {
    return this.#config;
  }

  /** What is learnt; undefined of one that has inputs only. */
  get target(): Target | undefined {
    return this.#config.target;
  }

  /** How many numbers a model gives. */
  get outputs(): number {
    return this.target ? outputsOf(this.target) : 0;
  }

  /**
   * The inputs of all rows: f32 [rows, features].
   * @throws {DataError} naming row and column, for what cannot be encoded, and for a column that is not there.
   */
  inputs(table: Table): HostArray {
    const stride = this.features.length;
    const values = new Float32Array(table.rows * stride);
    let offset = 0;
    for (const [index, input] of this.#config.inputs.entries()) {
      const type = this.#types[index] as EncodingType;
      type.write(input, named(table, input.column), { values, offset, stride });
      offset += type.features(input).length;
    }
    return { data: values, shape: [table.rows, stride] };
  }

  /**
   * The targets of all rows: i32 [rows] of classes, else f32 [rows, outputs].
   * @throws {DataError} naming the row of a target that is missing or cannot be.
   * @throws {ArgumentError} if there is none.
   */
  targets(table: Table): HostArray {
    if (!this.target) throw new ArgumentError('targets', 'this preparation has no target; fit it with one');
    return encodeTarget(table, this.target);
  }

  /** Rows as a dataset, held in memory. */
  dataset(table: Table, options: { readonly device?: Device } = {}): Dataset {
    return tensorDataset(this.inputs(table), this.targets(table), options);
  }
}

/** Gives the encoding of a column by what is told and what it is; undefined where it is left out, with the reason in `ignored`. */
function chosen(
  choice: EncodingChoice | undefined,
  kind: ColumnKind,
): { readonly as: string; readonly settings: Config } | string {
  if (choice === false) return 'left out';
  if (typeof choice === 'string') return { as: choice, settings: {} };
  if (choice) return { as: choice.as, settings: choice };
  const own = usual[kind];
  return 'why' in own ? own.why : { as: own.as, settings: {} };
}

/**
 * What becomes of each column, where nothing need be left to learn from.
 * @throws {DataError} for a table without rows, and as `fitPreparation` does.
 */
export function fitColumns(table: Table, options: PreparationOptions): PreparationConfig {
  checkOptions('fitPreparation', options, preparationRules);
  const { columns = {}, kinds = {} } = options;
  for (const name of Object.keys(columns)) table.column(name);
  if (table.rows === 0) throw new DataError(table.source, {}, 'has no rows to learn from; give some');
  const target = targetOf(table, options);
  const targets = new Set(target === undefined ? [] : target.as === 'classes' ? [target.column] : target.columns);
  const inputs: Encoding[] = [];
  const ignored: Ignored[] = [];
  for (const { name, kind } of schemaOf(table, { kinds }).columns) {
    if (targets.has(name)) continue;
    const choice = chosen(Object.hasOwn(columns, name) ? columns[name] : undefined, kind);
    if (typeof choice === 'string') ignored.push({ column: name, why: choice });
    else inputs.push(encodings.find(`columns.${name}`, choice.as).fit(named(table, name), choice.settings));
  }
  return { version: 1, inputs, ignored, ...(target && { target }) };
}

/** Most columns that a message lists. */
const mostNames = 8;

/** Why nothing can be learnt from a table of which no column is left. */
export function nothingLeft(ignored: readonly Ignored[]): string {
  const reasons = ignored
    .slice(0, mostNames)
    .map(({ column, why }) => `'${column}' ${why === 'left out' ? 'is left out' : why}`);
  const more = ignored.length > mostNames ? [`and ${ignored.length - mostNames} more`] : [];
  return `no column is left to learn from${reasons.length > 0 ? `: ${[...reasons, ...more].join(', ')}` : ''}; say what one is, by kinds in code, or by --column NAME=number or NAME=category on the command line`;
}

/**
 * Learns how rows become examples, from the training part alone: what is scaled, which categories there are, what classes.
 * @throws {DataError} for a column that is not there or cannot be encoded as told, a target that is missing or cannot be, and where nothing
 * is left to learn from.
 *
 * @example
 * const preparation = fitPreparation(table.take(train), { target: 'price', columns: { zip: 'one-hot', note: false } });
 */
export function fitPreparation(table: Table, options: PreparationOptions = {}): Preparation {
  const config = fitColumns(table, options);
  if (config.inputs.length === 0) throw new DataError(table.source, {}, nothingLeft(config.ignored));
  return new Preparation(config);
}

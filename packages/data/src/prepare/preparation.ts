/** How rows of a table become examples: learnt from the training part alone, saved with the model, and applied the same ever after. */
import { ArgumentError, type Device } from '@espalier/tensor';
import { ConfigError, tensorDataset, type Dataset, type HostArray, type Registry } from '@espalier/nn';
import { anObject, check, show } from '@espalier/tensor/arguments';
import type { ColumnType } from '../table/column.ts';
import type { KnownColumn } from '../table/csv/layout.ts';
import type { Table } from '../table/table.ts';
import { asLearnt } from './as-learnt.ts';
import { addEncoding, encodingsOf, type Encoding, type EncodingType, type NamedColumn } from './encoding.ts';
import { bytesOfTexts } from './bytes.ts';
import { oneHot, ordinal } from './categories.ts';
import { recordsField, textField, typesField } from './fields.ts';
import { numberEncodings } from './numbers.ts';
import { encodeTarget, outputsOf, parseTarget, type Target } from './target.ts';

/** All encodings by name. */
export const encodings: Registry<EncodingType> = encodingsOf([...numberEncodings, oneHot, ordinal, bytesOfTexts]);

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
  /** What columns were in the training part. Absent of preparations that were made before there was this. */
  readonly types?: Readonly<Record<string, ColumnType>>;
}

/** What a preparation of a table must be of: rows. */
export const named = (table: Table, name: string): NamedColumn => ({
  source: table.source,
  name,
  rows: table.rows,
  column: table.column(name),
  rowNumber: (row) => table.rowNumber(row),
});

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
    const types = given['types'] === undefined ? undefined : typesField(given, 'types');
    this.#config = { version: 1, inputs, ignored, ...(target && { target }), ...(types && { types }) };
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

  /** The columns that it reads: those of the inputs, then those of the target. */
  get columns(): readonly string[] {
    return [...new Set([...this.#config.inputs.map(({ column }) => column), ...this.#targets])];
  }

  /**
   * What a reader is to know of a table: its columns, and which of them are texts whatever they look like. The same value is then the
   * same category in a file of one row as it was in the training.
   */
  get known(): Readonly<Record<string, KnownColumn>> {
    const { types = {} } = this.#config;
    return Object.fromEntries(
      this.columns.map((name) => [name, Object.hasOwn(types, name) && types[name] === 'text' ? 'text' : 'any']),
    );
  }

  /** A table with some columns as they were in the training part. */
  #asLearnt(table: Table, names: readonly string[]): Table {
    const { types = {} } = this.#config;
    const changed = names.flatMap((name) => {
      const column = table.columns.get(name);
      const learnt = column && asLearnt(column, Object.hasOwn(types, name) ? types[name] : undefined);
      return learnt && learnt !== column ? [[name, learnt] as const] : [];
    });
    return table.with(new Map(changed));
  }

  /** The columns of what is learnt. */
  get #targets(): readonly string[] {
    const { target } = this;
    return target === undefined ? [] : target.as === 'classes' ? [target.column] : target.columns;
  }

  /** How many numbers a model gives. */
  get outputs(): number {
    return this.target ? outputsOf(this.target) : 0;
  }

  /**
   * The inputs of all rows: f32 [rows, features].
   * @throws {DataError} naming row and column, for what cannot be encoded, and for a column that is not there.
   */
  inputs(rows: Table): HostArray {
    const { inputs } = this.#config;
    const table = this.#asLearnt(
      rows,
      inputs.map(({ column }) => column),
    );
    const stride = this.features.length;
    const values = new Float32Array(table.rows * stride);
    let offset = 0;
    for (const [index, input] of inputs.entries()) {
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
    return encodeTarget(this.#asLearnt(table, this.#targets), this.target);
  }

  /** Rows as a dataset, held in memory. */
  dataset(table: Table, options: { readonly device?: Device } = {}): Dataset {
    return tensorDataset(this.inputs(table), this.targets(table), options);
  }
}

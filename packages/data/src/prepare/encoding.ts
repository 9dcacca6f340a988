/** What an encoding is: how a column becomes numbers, as data that is made from the training part and applied the same ever after. */
import { Registry } from '@espalier/nn';
import { aFunction, aText, check, ruleOf } from '@espalier/tensor/arguments';
import type { ColumnFacts } from '../schema/facts.ts';
import type { Column } from '../table/column.ts';

/** An encoding of one column. JSON: `as` names its type, and the rest is what it learnt. */
export interface Encoding {
  readonly column: string;
  readonly as: string;
  readonly [field: string]: unknown;
}

/** Where numbers go: a row takes `stride` numbers, of which those of the column begin at `offset`. */
export interface Features {
  readonly values: Float32Array;
  readonly offset: number;
  readonly stride: number;
}

/** The column that is encoded, for whoever names it in errors. */
export interface NamedColumn {
  readonly source: string;
  readonly name: string;
  readonly rows: number;
  readonly column: Column;
  /** The number of a row as errors name it. */
  readonly rowNumber: (row: number) => number;
}

/** A kind of encoding, under the name that JSON has for it. */
export interface EncodingType<Own extends Encoding = Encoding> {
  readonly type: string;
  /** Whether it is of numbers: a column of texts is read as such, and truth values are 1 and 0. Default: false. */
  readonly ofNumbers?: boolean;
  /**
   * What is learnt of the training part, by what is known of it without its values: so it is learnt of tables of any size.
   * @throws {DataError} for a column that this encoding is not for.
   */
  learn?(of: ColumnFacts, settings: Readonly<Record<string, unknown>>): Own;
  /**
   * What is learnt of the training part, of an encoding without `learn` that must see all values.
   * @throws {DataError} for a column that this encoding is not for.
   */
  fit?(of: NamedColumn, settings: Readonly<Record<string, unknown>>): Own;
  /**
   * What JSON says, checked.
   * @throws {ConfigError} at a place.
   */
  parse(config: Readonly<Record<string, unknown>>, where: string): Own;
  /** The names of its numbers. */
  features(encoding: Own): readonly string[];
  /**
   * Writes the numbers of all rows.
   * @throws {DataError} naming row and column, for a value that cannot be encoded.
   */
  write(encoding: Own, of: NamedColumn, into: Features): void;
}

const anEncodingType = ruleOf<EncodingType>(
  'an encoding: { type, fit or learn, parse, features, write }',
  (value) =>
    Object(value) === value &&
    aText.holds(Reflect.get(value as object, 'type')) &&
    ['parse', 'features', 'write'].every((name) => aFunction.holds(Reflect.get(value as object, name))) &&
    ['fit', 'learn'].some((name) => aFunction.holds(Reflect.get(value as object, name))),
);

/** A registry of encodings, with those that are built in. */
export function encodingsOf(builtIn: readonly EncodingType[]): Registry<EncodingType> {
  return new Registry<EncodingType>('encoding', ({ type }) => type, builtIn);
}

/**
 * Makes an encoding known by its name to a registry.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function addEncoding(to: Registry<EncodingType>, type: EncodingType): void {
  to.register('registerEncoding', check('registerEncoding', 'type', type, anEncodingType));
}

/** Categories as features: one number for each, or one index; what training has not seen is told apart from what it has. */
import { DataError } from '../errors.ts';
import type { ColumnFacts } from '../schema/facts.ts';
import { categoryOf, placesIn } from '../schema/values.ts';
import { mostCategories } from '../schema/schema.ts';
import type { Encoding, EncodingType, NamedColumn } from './encoding.ts';
import { textsField, truthField, wordField, type Config } from './fields.ts';

/** The categories of a column, in order. */
export interface CategoryEncoding extends Encoding {
  readonly as: 'one-hot' | 'ordinal';
  readonly values: readonly string[];
  /** Of a value that is none of these: `other`, or an error that names its row. */
  readonly unknown: 'other' | 'refuse';
  /** Whether a missing value is a category of its own, behind the others; else it is as an unknown one. */
  readonly marksMissing: boolean;
}

const unknowns = ['other', 'refuse'] as const;

function fitted(
  as: CategoryEncoding['as'],
  { source, name, values: found, missing }: ColumnFacts,
  settings: Readonly<Record<string, unknown>>,
): CategoryEncoding {
  if (!found)
    throw new DataError(
      source,
      { column: name },
      `has more than ${mostCategories} different values; leave it out, or encode it as bytes`,
    );
  const values =
    settings['values'] === undefined ? found.map(({ value }) => value) : textsField(settings, 'values', name);
  return {
    column: name,
    as,
    values,
    unknown: settings['unknown'] === undefined ? 'other' : wordField(settings, 'unknown', name, unknowns),
    marksMissing: settings['marksMissing'] === undefined ? missing > 0 : truthField(settings, 'marksMissing', name),
  };
}

const parsed =
  (as: CategoryEncoding['as']) =>
  (config: Config, where: string): CategoryEncoding => ({
    column: config['column'] as string,
    as,
    values: textsField(config, 'values', where),
    unknown: wordField(config, 'unknown', where, unknowns),
    marksMissing: truthField(config, 'marksMissing', where),
  });

/** The place of each row's category among `values`; that behind them of a missing one, if it has one; -1 of others. */
function* places({ values, unknown, marksMissing, column }: CategoryEncoding, of: NamedColumn): Generator<number> {
  const placeOf = placesIn(values);
  for (let row = 0; row < of.rows; row++) {
    const value = categoryOf(of.column, row);
    const place = value === undefined ? (marksMissing ? values.length : -1) : placeOf(value);
    if (place < 0 && unknown === 'refuse' && value !== undefined)
      throw new DataError(
        of.source,
        { row: of.rowNumber(row), column },
        `'${value.slice(0, 60)}' was not among the ${values.length} values of training; correct it, or encode others too: unknown: 'other'`,
      );
    yield place;
  }
}

/** A number for each category: 1 for that of the row, 0 for the others; all are 0 of one that training has not seen. */
export const oneHot: EncodingType<CategoryEncoding> = {
  type: 'one-hot',
  learn: (of, settings) => fitted('one-hot', of, settings),
  parse: parsed('one-hot'),
  features: ({ column, values, marksMissing }) => [
    ...values.map((value) => `${column} = ${value}`),
    ...(marksMissing ? [`${column} is missing`] : []),
  ],
  write: (encoding, of, { values, offset, stride }) => {
    let at = offset;
    for (const place of places(encoding, of)) {
      if (place >= 0) values[at + place] = 1;
      at += stride;
    }
  },
};

/** The index of the category, for an embedding of `values.length + 1` rows, or one more where missing is marked: 0 is what training has not seen. */
export const ordinal: EncodingType<CategoryEncoding> = {
  type: 'ordinal',
  learn: (of, settings) => fitted('ordinal', of, settings),
  parse: parsed('ordinal'),
  features: ({ column }) => [column],
  write: (encoding, of, { values, offset, stride }) => {
    let at = offset;
    for (const place of places(encoding, of)) {
      values[at] = place + 1;
      at += stride;
    }
  },
};

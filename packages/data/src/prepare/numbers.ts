/** Numbers of a column as features: standardized, between two bounds, or as they are; what is missing is filled in, and may be marked. */
import { ConfigError } from '@espalier/nn';
import { show } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import type { ColumnFacts } from '../schema/facts.ts';
import { medianOf, type NumberSummary } from '../schema/numbers.ts';
import { columnAsNumbers } from '../table/as-numbers.ts';
import type { Cell, NumberColumn } from '../table/column.ts';
import type { Encoding, EncodingType, NamedColumn } from './encoding.ts';
import { numberField, positiveField, truthField, wordField, type Config } from './fields.ts';

/** (value - shift) / scale; what is missing is `fill`, and 1 in a feature of its own where that is marked. */
export interface NumberEncoding extends Encoding {
  readonly as: 'standard' | 'min-max' | 'number';
  readonly shift: number;
  readonly scale: number;
  /** The value that stands for a missing one, before it is scaled. */
  readonly fill: number;
  readonly marksMissing: boolean;
}

const notFinite = (value: Cell): string =>
  `is ${value}; features are finite numbers: correct it, or leave the cell empty`;

/** @throws {DataError} naming the row of an infinity. */
function checkFinite({ source, name, rowNumber }: NamedColumn, { values, missing }: NumberColumn): void {
  for (let row = 0; row < values.length; row++)
    if (missing?.[row] !== 1 && !Number.isFinite(values[row]))
      throw new DataError(source, { row: rowNumber(row), column: name }, notFinite(values[row] as number));
}

/** The largest number of f32. */
const largest = 2 ** 127 * (2 - 2 ** -23);

const fills = {
  mean: ({ numbers }: ColumnFacts) => numbers.mean,
  median: ({ source, name, present }: ColumnFacts) => {
    if (present) return medianOf(present());
    throw new DataError(
      source,
      { column: name },
      'the median needs all values at once, and the table is larger than memory; fill by the mean, or by a number',
    );
  },
  zero: () => 0,
} as const;

type Fill = keyof typeof fills;

const kinds: Readonly<
  Record<NumberEncoding['as'], (numbers: NumberSummary) => { readonly shift: number; readonly scale: number }>
> = {
  // A column of one value is shifted and not scaled, as by scikit-learn's scalers.
  standard: ({ mean, std }) => ({ shift: mean, scale: std > Math.abs(mean) * 2 ** -48 ? std : 1 }),
  'min-max': ({ min, max }) => ({ shift: min, scale: max > min ? max - min : 1 }),
  number: () => ({ shift: 0, scale: 1 }),
};

function scaling(as: NumberEncoding['as']): EncodingType<NumberEncoding> {
  return {
    type: as,
    ofNumbers: true,
    learn: (of, settings) => {
      const { source, name, numbers, firstInfinite, missing } = of;
      if (firstInfinite)
        throw new DataError(source, { row: firstInfinite.row, column: name }, notFinite(firstInfinite.cell));
      if (numbers.count === 0)
        throw new DataError(source, { column: name }, 'has no value to learn from; leave the column out');
      const fill = settings['fill'] ?? 'mean';
      if (typeof fill !== 'number' && !Object.hasOwn(fills, fill as string))
        throw new ConfigError(
          of.name,
          `fill is ${show(fill)}; it must be a number or one of ${Object.keys(fills).join(', ')}`,
        );
      return {
        column: of.name,
        as,
        ...kinds[as](numbers),
        fill: typeof fill === 'number' ? fill : fills[fill as Fill](of),
        marksMissing: settings['marksMissing'] === undefined ? missing > 0 : settings['marksMissing'] === true,
      };
    },
    parse: (config: Config, where) => ({
      column: config['column'] as string,
      as: wordField(config, 'as', where, [as]),
      shift: numberField(config, 'shift', where),
      scale: positiveField(config, 'scale', where),
      fill: numberField(config, 'fill', where),
      marksMissing: truthField(config, 'marksMissing', where),
    }),
    features: ({ column, marksMissing }) => (marksMissing ? [column, `${column} is missing`] : [column]),
    write: ({ shift, scale, fill, marksMissing }, of, { values, offset, stride }) => {
      const column = columnAsNumbers(of.column, of);
      checkFinite(of, column);
      for (let row = 0; row < of.rows; row++) {
        const isMissing = column.missing?.[row] === 1;
        const value = isMissing ? fill : (column.values[row] as number);
        const scaled = (value - shift) / scale;
        if (Math.abs(scaled) > largest)
          throw new DataError(
            of.source,
            { row: of.rowNumber(row), column: of.name },
            `is ${value}, which is ${scaled} scaled and no f32: correct it, or leave the cell empty`,
          );
        values[row * stride + offset] = scaled;
        if (marksMissing) values[row * stride + offset + 1] = isMissing ? 1 : 0;
      }
    },
  };
}

/** Encodings of numbers. */
export const numberEncodings: readonly EncodingType<NumberEncoding>[] = (
  ['standard', 'min-max', 'number'] as const
).map(scaling);

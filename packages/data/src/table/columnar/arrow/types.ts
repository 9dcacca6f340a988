/** Types of Arrow that are columns of a table, and how a value of each is read. Source: "Arrow columnar format", Apache Arrow; `Schema.fbs`. */
import type { FlatTable } from './flat-table.ts';

/** Values of so many bytes each. */
export interface FixedType {
  readonly layout: 'fixed';
  readonly bytes: number;
  /** The value at a place; undefined for what no value of a table is. */
  readonly at: (view: DataView, place: number) => unknown;
}

/** How the values of a column lie in its buffers. */
export type ArrowType =
  | FixedType
  | { readonly layout: 'null' }
  | { readonly layout: 'truth' }
  | { readonly layout: 'text'; readonly offsetBytes: 4 | 8 }
  | { readonly layout: 'view' };

const fixed = (bytes: number, at: FixedType['at']): FixedType => ({ layout: 'fixed', bytes, at });

/** As a number where it is one. */
const exact = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

const i64 = fixed(8, (view, at) => exact(view.getBigInt64(at, true)));
const i32 = fixed(4, (view, at) => view.getInt32(at, true));

/** Integers, by their bits, below 0 where they have no sign. */
const integers: Readonly<Record<number, FixedType>> = {
  8: fixed(1, (view, at) => view.getInt8(at)),
  16: fixed(2, (view, at) => view.getInt16(at, true)),
  32: i32,
  64: i64,
  [-8]: fixed(1, (view, at) => view.getUint8(at)),
  [-16]: fixed(2, (view, at) => view.getUint16(at, true)),
  [-32]: fixed(4, (view, at) => view.getUint32(at, true)),
  [-64]: fixed(8, (view, at) => exact(view.getBigUint64(at, true))),
};

function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 === 1 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const floats: Readonly<Record<number, FixedType>> = {
  0: fixed(2, (view, at) => half(view.getUint16(at, true))),
  1: fixed(4, (view, at) => view.getFloat32(at, true)),
  2: fixed(8, (view, at) => view.getFloat64(at, true)),
};

/** A date, if there is such a one. */
function dateOf(milliseconds: bigint): Date | undefined {
  const date = new Date(Number(milliseconds));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const milliseconds = fixed(8, (view, at) => dateOf(view.getBigInt64(at, true)));

/** Points in time, by their unit: seconds and what is finer. */
const times: Readonly<Record<number, FixedType>> = {
  0: fixed(8, (view, at) => dateOf(1000n * view.getBigInt64(at, true))),
  1: milliseconds,
  2: fixed(8, (view, at) => dateOf(view.getBigInt64(at, true) / 1000n)),
  3: fixed(8, (view, at) => dateOf(view.getBigInt64(at, true) / 1_000_000n)),
};

const dates: Readonly<Record<number, FixedType>> = {
  0: fixed(4, (view, at) => dateOf(86_400_000n * BigInt(view.getInt32(at, true)))),
  1: milliseconds,
};

/** A decimal has no more digits than this, before its point or behind it. */
const mostDigits = 76;

/** A decimal as the double that is nearest to it. */
function decimal(bits: number, scale: number): FixedType | undefined {
  if (![32, 64, 128, 256].includes(bits) || Math.abs(scale) > mostDigits) return undefined;
  return fixed(bits / 8, (view, at) => {
    let value = bits === 32 ? BigInt(view.getInt32(at, true)) : view.getBigInt64(at + bits / 8 - 8, true);
    for (let word = bits / 64 - 2; word >= 0; word--) value = (value << 64n) | view.getBigUint64(at + 8 * word, true);
    return Number(`${value}e${-scale}`);
  });
}

/** An integer type by its table. */
export function integerType(table: FlatTable): FixedType | undefined {
  return integers[table.i32(0) * (table.u8(1) === 0 ? -1 : 1)];
}

/** What numbers of dictionaries are where nothing is said about them. */
export const standardIndex: FixedType = i32;

const nothing = { layout: 'null' } as const;
const truth = { layout: 'truth' } as const;
const utf8 = { layout: 'text', offsetBytes: 4 } as const;
const largeUtf8 = { layout: 'text', offsetBytes: 8 } as const;
const utf8View = { layout: 'view' } as const;

/** Every type of the format by its number: its name, and how it is read where a table can hold it. */
const types: Readonly<Record<number, readonly [string, ((table: FlatTable | undefined) => ArrowType | undefined)?]>> = {
  1: ['null', () => nothing],
  2: ['integer', (table) => table && integerType(table)],
  3: ['float', (table) => table && floats[table.i16(0)]],
  4: ['binary'],
  5: ['utf8', () => utf8],
  6: ['bool', () => truth],
  7: ['decimal', (table) => table && decimal(table.i32(2, 128), table.i32(1))],
  8: ['date', (table) => table && dates[table.i16(0, 1)]],
  9: ['time', (table) => table && integers[table.i32(1, 32)]],
  10: ['timestamp', (table) => table && times[table.i16(0)]],
  11: ['interval'],
  12: ['list'],
  13: ['struct'],
  14: ['union'],
  15: ['fixed-size binary'],
  16: ['fixed-size list'],
  17: ['map'],
  18: ['duration', () => i64],
  19: ['large binary'],
  20: ['large utf8', () => largeUtf8],
  21: ['large list'],
  22: ['run-end encoded'],
  23: ['binary view'],
  24: ['utf8 view', () => utf8View],
  25: ['list view'],
  26: ['large list view'],
};

/** The name of a type and how it is read; the latter is undefined where no table holds it. */
export function arrowType(type: number, table: FlatTable | undefined): { name: string; read: ArrowType | undefined } {
  const [name, read] = types[type] ?? [`number ${type}`];
  return { name, read: read?.(table) };
}

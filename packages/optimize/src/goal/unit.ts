/** Amounts as goals write them: `98.5%`, `100kB`, `2ms`, `1.5M`. */

/** What a metric counts. */
export type Quantity = 'share' | 'number' | 'bytes' | 'milliseconds' | 'count';

/** The units of each quantity, and how much of its own unit each is. The empty one is its own. */
export const unitsOf: Readonly<Record<Quantity, Readonly<Record<string, number>>>> = {
  share: { '': 1, '%': 0.01 },
  number: { '': 1 },
  bytes: { '': 1, B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  milliseconds: { '': 1, ms: 1, us: 1e-3, µs: 1e-3, s: 1e3 },
  count: { '': 1, k: 1e3, M: 1e6, G: 1e9 },
};

/** The units of a difference: shares differ by points, since per cent of per cent would have two readings. */
export const differenceUnitsOf: Readonly<Record<Quantity, Readonly<Record<string, number>>>> = {
  ...unitsOf,
  share: { '': 1, pp: 0.01 },
};

/** An amount as it was written. */
export interface Amount {
  readonly number: number;
  readonly unit: string;
}

/** An amount in the quantity's own unit. */
export function valueOf({ number, unit }: Amount, units: Readonly<Record<string, number>>): number {
  // A division is exact to the last bit where the decimal is: 0.5pp is 0.005.
  const factor = units[unit] ?? Number.NaN;
  return factor < 1 ? number / Math.round(1 / factor) : number * factor;
}

/** The units by name, for errors. */
export function unitNames(units: Readonly<Record<string, number>>): string {
  const names = Object.keys(units).filter((name) => name !== '');
  return names.length === 0 ? 'no unit' : names.join(', ');
}

/** Rows parted by lot: whether a row is in a part follows from its number alone, so that nobody has to hold a list of them. */
import { ArgumentError } from '@espalier/tensor';
import { deriveSeed } from '@espalier/nn';
import { aSeed } from '@espalier/nn/arguments';
import { anObject, check, ruleOf, type Rule } from '@espalier/tensor/arguments';

/** The rows whose lot is at least `from` and below `to`: of all of them about the share `to - from`. */
export interface Lots {
  readonly seed: number;
  /** From 0. */
  readonly from: number;
  /** Up to 1. */
  readonly to: number;
}

/** A range of lots. */
export const someLots: Rule<Lots> = ruleOf('lots such as { seed: 7, from: 0, to: 0.8 }', (value) => {
  const { seed, from, to } = Object(value) as Partial<Lots>;
  return anObject.holds(value) && aSeed.holds(seed) && inUnit(from) && inUnit(to) && from < to;
});

const inUnit = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;

/** The finaliser of MurmurHash3 (A. Appleby). */
function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** The rows of a range that are in a part, by their places in the range: `first` is the number of its first row, from 0. */
export function rowsByLot(first: number, rows: number, lots: Lots): Int32Array {
  check('rowsByLot', 'lots', lots, someLots);
  const own = deriveSeed(lots.seed, 'lots');
  const [low, high] = [(own % 2 ** 32) | 0, Math.floor(own / 2 ** 32) | 0];
  const [from, to] = [lots.from * 2 ** 32, lots.to * 2 ** 32];
  const found = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const number = first + row;
    const lot = mixed((mixed((number | 0) ^ low) + Math.imul(Math.floor(number / 2 ** 32) + 1, high)) | 0) >>> 0;
    if (lot >= from && lot < to) found[count++] = row;
  }
  return found.slice(0, count);
}

/**
 * Ranges of lots with the given shares, one after the other.
 * @throws {ArgumentError} for shares that are not above 0, or sum to more than 1.
 *
 * @example
 * const [train, test] = lotsOf([0.8, 0.2], 7);
 */
export function lotsOf(shares: readonly number[], seed: number): Lots[] {
  check('lotsOf', 'seed', seed, aSeed);
  const sum = shares.reduce((total, share) => total + share, 0);
  if (!shares.every((share) => share > 0) || sum > 1 + 1e-9)
    throw new ArgumentError('lotsOf', `the shares ${shares.join(', ')} must be above 0, and 1 together at most`);
  let from = 0;
  return shares.map((share) => {
    const to = Math.min(1, from + share);
    const lots = { seed, from, to: 1 - to < 1e-9 ? 1 : to };
    from = lots.to;
    return lots;
  });
}

/** N of M: of every m columns of a row, n are there. */
import { aBoolean, check, ruleOf, type OptionRules, type Rule } from '../../arguments/rules.ts';
import { ArgumentError } from '../../errors.ts';
import { arange } from '../../functions/create.ts';
import { groupsOf, type Groups } from '../../kernel/groups.ts';
import type { EncodedSettings } from '../../kernel/spec.ts';
import { flawOfSetting, named } from '../arrays.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { EncodedArray, MatrixFormat, MatrixShape } from '../format.ts';
import { flawOfPacked, packed, unpacked, unpackedCodes } from '../packed.ts';
import {
  flawOfValues,
  maskOf,
  scaledValues,
  sparseOptions,
  valueArrays,
  valueNames,
  type SparseOptions,
} from '../sparse.ts';

/** Options of `nOfM`. */
export interface NOfMOptions extends SparseOptions {
  /** How many columns of a group are there. Default: 2. */
  readonly n?: number;
  /** Columns of a group, 2 to 16. Default: 4. */
  readonly m?: number;
  /** Whether a group of which more is there is refused; else its largest magnitudes are kept. Default: false. */
  readonly strict?: boolean;
}

const aGroup: Rule<number> = ruleOf(
  'an integer from 2 to 16',
  (value) => Number.isInteger(value) && (value as number) >= 2 && (value as number) <= 16,
);
const fromOneTo = (m: number): Rule<number> =>
  ruleOf(
    `an integer from 1 to ${m}, the columns of a group`,
    (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= m,
  );
const options: OptionRules<NOfMOptions> = { ...sparseOptions, n: fromOneTo(16), m: aGroup, strict: aBoolean };

const arraysOf = (settings: EncodedSettings): string[] => ['places', ...valueNames(settings)];

/**
 * n entries for every m columns of a row. `places`: u8 [rows, bytes], the places of the entries within their groups,
 * ascending, packed in 2 bits up to m = 4 and in 4 bits above; `values`: f32 [rows, entries], or i8 with `scales` f32 [rows].
 * Where fewer are there, zeros in the first free places make up the number; in a last group of fewer than n columns the
 * places left over repeat the last one, with zeros that take no part in anything. Where more are there, those of the largest magnitudes are kept (of equal
 * ones the first; NaN counts as the largest), or ArgumentError is thrown: see `strict`.
 */
export const nOfM: MatrixFormat<NOfMOptions> = {
  name: 'n-of-m',
  layout: 'n-of-m',
  arrays: arraysOf,
  byRow: arraysOf,
  kept: 'values',
  options,
  encode: (dense, shape, { n = 2, m = 4, present, strict = false, values = 'f32' }) => {
    check('n-of-m', 'n', n, fromOneTo(m));
    const [rows, columns] = shape;
    const groups = groupsOf({ settings: { n, m }, columns });
    const mask = maskOf('n-of-m', dense, shape, present);
    const places = new Uint8Array(rows * groups.kept);
    const kept = new Float32Array(places.length);
    const isChosen = new Uint8Array(m);
    for (let row = 0, entry = 0; row < rows; row++)
      for (let begin = 0; begin < columns; begin += m) {
        const first = row * columns + begin;
        const size = Math.min(m, columns - begin);
        choose(isChosen, dense, mask, first, size, n, strict);
        const end = entry + n;
        for (let place = 0; place < size; place++) {
          if (isChosen[place] === 0) continue;
          places[entry] = place;
          kept[entry++] = mask[first + place] === 0 ? 0 : (dense[first + place] as number);
        }
        places.fill(size - 1, entry, end);
        entry = end;
      }
    const offsets = Int32Array.from({ length: rows + 1 }, (_, row) => row * groups.kept);
    return {
      settings: { values, n, m },
      arrays: {
        places: packed(places, [rows, groups.kept], groups.bits),
        ...valueArrays('n-of-m', { values: kept, offsets }, values, [rows, groups.kept]),
      },
    };
  },
  flaw: ({ settings, arrays }, [rows, columns]) => {
    const wrong =
      flawOfSetting(settings, 'm', aGroup) ?? flawOfSetting(settings, 'n', fromOneTo(Number(settings['m'])));
    if (wrong !== undefined) return wrong;
    const groups = groupsOf({ settings, columns });
    const places = named(arrays, 'places');
    return (
      flawOfValues(settings, arrays, rows, [rows, groups.kept]) ??
      flawOfPacked('places', places, [rows, groups.kept], groups.bits) ??
      flawOfPlaces(places, [rows, columns], groups) ??
      flawOfLeftOver(named(arrays, 'values'), rows, groups)
    );
  },
  expand: (arrays, settings, [rows, columns]) => {
    const places = named(arrays, 'places');
    const { n, m, kept, used, bits } = groupsOf({ settings, columns });
    const count = (end: number): Tensor => arange(0, end, 1, { dtype: 'i32', device: places.device });
    const place = unpacked(places, [kept / n, n], bits).unsqueeze(3);
    const isUsed = count(kept)
      .lt(used)
      .reshape([kept / n, n, 1]);
    const values = named(arrays, 'values').reshape([rows, kept / n, n, 1]);
    return scaledValues(values, arrays, settings, (scales) => scales.reshape([rows, 1, 1, 1]))
      .where(place.eq(count(m)).logicalAnd(isUsed), 0)
      .sum([2])
      .reshape([rows, (kept / n) * m])
      .slice([], [rows, columns]);
  },
};

/** Marks n places of a group, or all if it has no more: of what is there the largest, then the first of what is not. */
function choose(
  isChosen: Uint8Array,
  dense: Float32Array,
  mask: ArrayLike<number>,
  first: number,
  size: number,
  n: number,
  strict: boolean,
): void {
  isChosen.fill(0);
  let there = 0;
  for (let place = 0; place < size; place++) if (mask[first + place] !== 0) there++;
  if (strict && there > n)
    throw new ArgumentError(
      'n-of-m',
      `${there} of the ${size} columns from element ${first} on are there; at most ${n} may be, or leave out strict to keep the largest`,
    );
  for (let count = 0; count < Math.min(n, size); count++) {
    let best = 0;
    let most = -2;
    for (let place = 0; place < size; place++) {
      const value = dense[first + place] as number;
      // NaN is the largest; what is not there comes after all that is.
      const rank = mask[first + place] === 0 ? -1 : Number.isNaN(value) ? Infinity : Math.abs(value);
      if (isChosen[place] !== 0 || rank <= most) continue;
      best = place;
      most = rank;
    }
    isChosen[best] = 1;
  }
}

/** What is wrong with places: those of a group ascend, and lie in it. */
function flawOfPlaces(places: EncodedArray, [rows, columns]: MatrixShape, groups: Groups): string | undefined {
  const { n, m, kept, used, bits } = groups;
  const codes = unpackedCodes(places, [rows, kept], bits);
  for (const [entry, place] of codes.entries()) {
    const begin = Math.floor((entry % kept) / n) * m;
    const size = Math.min(m, columns - begin);
    const before = entry % n === 0 ? -1 : (codes[entry - 1] as number);
    const isLeftOver = entry % kept >= used;
    if (isLeftOver ? place !== size - 1 : place <= before || place >= size)
      return `row ${Math.floor(entry / kept)} has the place ${place} after ${before} in the ${size} columns from ${begin} on; places ascend within their group`;
  }
  return undefined;
}

/** What is wrong with the values of places left over, which stand for nothing. */
function flawOfLeftOver({ data }: EncodedArray, rows: number, { kept, used }: Groups): string | undefined {
  for (let row = 0; row < rows; row++)
    for (let entry = row * kept + used; entry < (row + 1) * kept; entry++)
      if (data[entry] !== 0)
        return `element ${entry} of values is ${data[entry]}; the last group of its row has no column left for it, and it must be 0`;
  return undefined;
}

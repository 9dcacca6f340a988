/** A bit for each element that says whether it is there, and the values of those that are. */
import { array, named } from '../arrays.ts';
import type { EncodedArrays, MatrixFormat, MatrixShape } from '../format.ts';
import { flawOfPacked, packed, unpacked, unpackedCodes } from '../packed.ts';
import {
  entriesOf,
  flawOfOffsets,
  flawOfValues,
  maskOf,
  scaledValues,
  sparseOptions,
  valueArrays,
  valueNames,
  type SparseOptions,
} from '../sparse.ts';

/**
 * The entries that are there: a bit for each element, where `csr` has one to four bytes for each entry. `offsets`: i32 [rows + 1], row r has
 * the values offsets[r] up to offsets[r + 1]; `mask`: u8 [rows, ⌈columns / 8⌉], the bit of the first column of eight is the
 * lowest; `values`: f32 [n], in the order of columns, or i8 [n] with `scales` f32 [rows].
 */
export const bitmask: MatrixFormat<SparseOptions> = {
  name: 'bitmask',
  layout: 'bitmask',
  arrays: (settings) => ['offsets', 'mask', ...valueNames(settings)],
  kept: 'values',
  // Of offsets only where rows begin is looked at.
  byRow: (settings) => ['offsets', 'mask', ...valueNames(settings).slice(1)],
  options: sparseOptions,
  encode: (dense, shape, { present, values = 'f32' }) => {
    const entries = entriesOf('bitmask', dense, shape, present);
    const mask = maskOf('bitmask', dense, shape, present);
    const bits = new Uint8Array(dense.length);
    for (let index = 0; index < bits.length; index++) if (mask[index] !== 0) bits[index] = 1;
    return {
      settings: { values },
      arrays: {
        offsets: array('i32', [shape[0] + 1], entries.offsets),
        mask: packed(bits, shape, 1),
        ...valueArrays('bitmask', entries, values),
      },
    };
  },
  flaw: ({ settings, arrays }, shape) =>
    flawOfOffsets(named(arrays, 'offsets'), shape[0], named(arrays, 'values').data.length) ??
    flawOfValues(settings, arrays, shape[0]) ??
    flawOfPacked('mask', named(arrays, 'mask'), shape, 1) ??
    flawOfCounts(arrays, shape),
  expand: (arrays, settings, [rows, columns]) => {
    const bits = unpacked(named(arrays, 'mask'), [columns], 1);
    const first = named(arrays, 'offsets').slice([0], [rows]).unsqueeze(1);
    // Where nothing has been there yet the place would be the one before the first.
    const place = bits.cumsum(1).add(first).sub(1).maximum(0);
    const found = named(arrays, 'values').take(place);
    return scaledValues(found, arrays, settings, (scales) => scales.unsqueeze(1)).where(bits.ne(0), 0);
  },
};

/** What is wrong with a mask: each row has as many bits as values. */
function flawOfCounts(arrays: EncodedArrays, [rows, columns]: MatrixShape): string | undefined {
  const { data: offsets } = named(arrays, 'offsets');
  const bits = unpackedCodes(named(arrays, 'mask'), [rows, columns], 1);
  for (let row = 0; row < rows; row++) {
    const set = bits.subarray(row * columns, (row + 1) * columns).reduce((sum, bit) => sum + bit, 0);
    const values = (offsets[row + 1] as number) - (offsets[row] as number);
    if (set !== values) return `row ${row} has ${values} values for ${set} bits of its mask`;
  }
  return undefined;
}

/** Texts side by side in rows of one length, of which no place is empty. */
import { dataset, type Dataset } from '@espalier/nn';
import { ArgumentError, fromTyped, zeros, type Device, type Tensor } from '@espalier/tensor';
import type { CalibrationIds } from '../pieces.ts';

/** Rows of places, each with an id, the number of its text in the row, and where it stands in that text: [rows, 3, length]. */
export interface PackedRows {
  readonly values: Int32Array<ArrayBuffer>;
  readonly rows: number;
  readonly length: number;
}

/**
 * Packs texts in their order. One that does not fit in what is left of a row ends there, with the token that it ends with; what it
 * says further is left out.
 * @throws {ArgumentError} for fewer tokens than a row has.
 */
export function packRows(ids: CalibrationIds, length: number): PackedRows {
  const values: number[] = [];
  let [row, used] = [newRow(), 0];
  let rows = 0;
  let text = 0;
  for (const sequence of ids) {
    const count = Math.min(sequence.length, length - used);
    for (let at = 0; at < count; at++, used++) {
      const isLast = at === count - 1;
      row.ids[used] = (isLast ? sequence.at(-1) : sequence[at]) as number;
      row.texts[used] = text;
      row.positions[used] = at;
    }
    text++;
    if (used < length) continue;
    values.push(...row.ids, ...row.texts, ...row.positions);
    [row, used, text] = [newRow(), 0, 0];
    rows++;
  }
  if (rows === 0)
    throw new ArgumentError('compressModel', `the texts have fewer than ${length} tokens; give more of them`);
  return { values: Int32Array.from(values), rows, length };

  function newRow(): Readonly<Record<'ids' | 'texts' | 'positions', number[]>> {
    return { ids: [], texts: [], positions: [] };
  }
}

/** Packed rows as examples; the targets say nothing. */
export function packedAsData({ values, rows, length }: PackedRows, device: Device): Dataset {
  const size = 3 * length;
  return dataset({
    size: rows,
    load: (indices) => {
      const some = new Int32Array(indices.length * size);
      for (const [at, index] of indices.entries())
        some.set(values.subarray(index * size, (index + 1) * size), at * size);
      return { x: fromTyped(some, [indices.length, 3, length], { device }) };
    },
    prepare: ({ x }) => {
      const given = x as Tensor;
      return { x: given, y: zeros([given.shape[0] as number], { device }) };
    },
  });
}

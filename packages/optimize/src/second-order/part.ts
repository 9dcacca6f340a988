/** Layers as what is worked on: rows that have the same inputs. */
import type { LayerWeight } from './calibrated-pass.ts';
import { mostColumns } from './inverse-factor.ts';

/** Rows of a weight that share their inputs: all of them, or those of one group of a convolution. */
export interface Part {
  /** [rows, columns], row-major. */
  readonly weights: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** 1 for each weight that a mask keeps. */
  readonly kept: Uint8Array | undefined;
  /** The mean products of the inputs, [columns, columns]; of what was not seen there are none. */
  readonly products: Float64Array | undefined;
}

/** A weight in its parts, from the top down. */
export function partsOf({ values, rows, columns, kept }: LayerWeight, products: Float64Array | undefined): Part[] {
  const groups = products ? products.length / columns ** 2 : 1;
  const size = rows / groups;
  return Array.from({ length: groups }, (_, group) => {
    const [begin, end] = [group * size * columns, (group + 1) * size * columns];
    return {
      weights: Float64Array.from(values.subarray(begin, end)),
      rows: size,
      columns,
      kept: kept?.subarray(begin, end),
      products: products?.subarray(group * columns ** 2, (group + 1) * columns ** 2),
    };
  });
}

/** The mean square of each input; 1 where none was seen. */
export function importanceOf({ products, columns }: Part): Float64Array {
  return Float64Array.from({ length: columns }, (_, column) => products?.[column * columns + column] ?? 1);
}

/** The differences of a row from what it becomes; none past the last row. */
function differencesOf({ weights, rows, columns }: Part, became: Float64Array, row: number): Float64Array {
  const differences = new Float64Array(columns);
  for (let column = 0, at = row * columns; row < rows && column < columns; column++, at++)
    differences[column] = (weights[at] as number) - (became[at] as number);
  return differences;
}

/**
 * What each row loses at the output by becoming another: d · P · dᵀ of its differences d and the products P, symmetric, of which the
 * lower half is read. Four rows at a time, so that products are read a quarter as often.
 */
export function rowLosses(part: Part, became: Float64Array): Float64Array {
  const { rows, columns, products } = part;
  const losses = new Float64Array(rows);
  if (!products) return losses;
  for (let row = 0; row < rows; row += 4) {
    const [a, b, c, d] = [0, 1, 2, 3].map((more) => differencesOf(part, became, row + more)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const energies = [0, 0, 0, 0];
    for (let index = 0; index < columns; index++) {
      const at = index * columns;
      let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
      for (let column = 0; column < index; column++) {
        const product = products[at + column] as number;
        sumA += product * (a[column] as number);
        sumB += product * (b[column] as number);
        sumC += product * (c[column] as number);
        sumD += product * (d[column] as number);
      }
      const own = products[at + index] as number;
      const lossOfRow = (difference: number, sum: number): number => difference * (2 * sum + difference * own);
      energies[0] = (energies[0] as number) + lossOfRow(a[index] as number, sumA);
      energies[1] = (energies[1] as number) + lossOfRow(b[index] as number, sumB);
      energies[2] = (energies[2] as number) + lossOfRow(c[index] as number, sumC);
      energies[3] = (energies[3] as number) + lossOfRow(d[index] as number, sumD);
    }
    for (let more = 0; more < Math.min(4, rows - row); more++)
      losses[row + more] = Math.max(0, energies[more] as number);
  }
  return losses;
}

/** What all rows lose at the output by becoming others. */
export function lossOf(part: Part, became: Float64Array): number {
  return rowLosses(part, became).reduce((sum, loss) => sum + loss, 0);
}

/** The mean square of the outputs of all rows. */
export function energyOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + lossOf(part, new Float64Array(part.weights.length)), 0);
}

/** The weights, those whose inputs are always 0 replaced by 0. */
export function liveWeights(part: Part): Float64Array {
  const importance = importanceOf(part);
  return part.weights.map((weight, index) => (importance[index % part.columns] === 0 ? 0 : weight));
}

/** What parts, which are of one size, became as one weight again. */
export function joined(parts: readonly Float64Array[]): Float32Array<ArrayBuffer> {
  const values = new Float32Array(parts.length * (parts[0]?.length ?? 0));
  for (const [index, part] of parts.entries()) values.set(part, index * part.length);
  return values;
}

/** Why a layer was not changed by its inputs, as the note of a record; nothing where it was. */
export function noteOn(columns: number, parts: readonly { readonly note?: string }[]): { readonly note?: string } {
  const notes = [...new Set(parts.flatMap(({ note }) => note ?? []))];
  if (columns > mostColumns)
    notes.push(`it has ${columns} inputs, more than the ${mostColumns} whose products are looked at`);
  return notes.length > 0 ? { note: notes.join('; ') } : {};
}

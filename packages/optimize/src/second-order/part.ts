/** Layers as what is worked on: rows that have the same inputs. */
import type { LayerWeight } from './calibrated-pass.ts';
import { mostColumns } from './inverse-factor.ts';
import { cutOut, product } from './products.ts';

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
      // One part has what was given, by which what is made of it is found again.
      products: groups === 1 ? products : products?.subarray(group * columns ** 2, (group + 1) * columns ** 2),
    };
  });
}

/** The mean square of each input; 1 where none was seen. */
export function importanceOf({ products, columns }: Part): Float64Array {
  return Float64Array.from({ length: columns }, (_, column) => products?.[column * columns + column] ?? 1);
}

/** Columns whose products are multiplied at once. */
const block = 128;

/**
 * What each row loses at the output by becoming another: d · P · dᵀ of its differences d and the products P, symmetric, of which the
 * lower half is read.
 */
export function rowLosses(part: Part, became: Float64Array): Float64Array {
  const { weights, rows, columns, products } = part;
  const losses = new Float64Array(rows);
  if (!products) return losses;
  const differences = weights.map((weight, index) => weight - (became[index] as number));
  for (let begin = 0; begin < columns; begin += block) {
    const end = Math.min(columns, begin + block);
    const own = cutOut({ values: differences, columns }, [0, rows], [begin, end]);
    const below = cutOut({ values: products, columns }, [begin, end], [0, end]);
    // What lies above the diagonal is what lies below it.
    for (let row = begin; row < end; row++)
      for (let column = row + 1; column < end; column++)
        below.values[(row - begin) * end + column] = products[column * columns + row] as number;
    const pulled = product(own, below);
    for (let row = 0; row < rows; row++) {
      let [before, within] = [0, 0];
      for (let column = 0; column < begin; column++)
        before += (pulled[row * end + column] as number) * (differences[row * columns + column] as number);
      for (let column = begin; column < end; column++)
        within += (pulled[row * end + column] as number) * (differences[row * columns + column] as number);
      losses[row] = (losses[row] as number) + 2 * before + within;
    }
  }
  return losses.map((loss) => Math.max(0, loss));
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
  const { weights, columns } = part;
  const live = Float64Array.from(weights);
  for (const [column, size] of importanceOf(part).entries())
    if (size === 0) for (let at = column; at < live.length; at += columns) live[at] = 0;
  return live;
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

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

/** d · P · dᵀ of a row d and products P, symmetric, of which the lower half is read: the mean square of what it adds to outputs. */
function outputEnergy(row: Float64Array, products: Float64Array): number {
  const size = row.length;
  let energy = 0;
  for (let index = 0; index < size; index++) {
    const own = row[index] as number;
    if (own === 0) continue;
    let sum = 0;
    for (let column = 0; column < index; column++)
      sum += (products[index * size + column] as number) * (row[column] as number);
    energy += own * (2 * sum + own * (products[index * size + index] as number));
  }
  return Math.max(0, energy);
}

/** What one row loses at the output by becoming another. */
export function rowLoss({ weights, columns, products }: Part, became: Float64Array, row: number): number {
  if (!products) return 0;
  const difference = weights.slice(row * columns, (row + 1) * columns);
  for (let column = 0; column < columns; column++)
    difference[column] = (difference[column] as number) - (became[row * columns + column] as number);
  return outputEnergy(difference, products);
}

/** What all rows lose at the output by becoming others. */
export function lossOf(part: Part, became: Float64Array): number {
  let loss = 0;
  for (let row = 0; row < part.rows; row++) loss += rowLoss(part, became, row);
  return loss;
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

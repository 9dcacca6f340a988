/** What products with encoded matrices cost on a device, beside dense ones: figures that decide between the two. */
import type { EncodedLayout } from '../kernel/spec.ts';

/**
 * What one kind of product x [rows, depth] · W [depth, width] costs: `npm run bench:crossover` measures and fits it. It is kept
 * in the source, so that a choice depends on shapes and never on a clock.
 */
export interface ProductCost {
  /** Microseconds before anything is multiplied. */
  readonly call: number;
  /** Nanoseconds for an element of x and of the result. */
  readonly moved: number;
  /** Nanoseconds for an element of the matrix, there or not, whatever the rows of x. */
  readonly scan: number;
  /** From how many rows of x on they are many. */
  readonly manyRows: number;
  /** Of few rows: nanoseconds for a multiply-accumulate with an element that is stored. */
  readonly few: number;
  /** Of many rows: nanoseconds for an element that is stored, which is decoded or packed once … */
  readonly once: number;
  /** … and for a multiply-accumulate with it. */
  readonly each: number;
  /** Nanoseconds more for an element that is stored, of those beyond `nearElements` of the matrix: they come from memory. */
  readonly far: number;
}

/** So many elements of a matrix stay in a cache near the processor, 1 MiB of f32. */
const nearElements = 2 ** 18;

/** What products cost on a device. */
export interface EncodedCosts {
  readonly dense: ProductCost;
  /** Of a dense convolution, whose rows are its windows and whose depth is the size of one. */
  readonly convolution: ProductCost;
  /** Laying windows out for a product from arrays: microseconds before that, and nanoseconds for an element of a window. */
  readonly windows: { readonly call: number; readonly each: number };
  /** Of products from the arrays of a layout. */
  readonly stored: Readonly<Record<EncodedLayout, ProductCost>>;
}

/** The sizes of a product. */
export interface ProductSizes {
  /** Of x. */
  readonly rows: number;
  readonly depth: number;
  readonly width: number;
  /** The share of elements of the matrix that are stored. */
  readonly density: number;
}

/** The time that a product takes by its costs, in microseconds. */
export function productTime(cost: ProductCost, { rows, depth, width, density }: ProductSizes): number {
  const elements = depth * width;
  const ofStored = rows < cost.manyRows ? cost.few * rows : cost.once + cost.each * rows;
  const ofFar = cost.far * Math.max(0, elements - nearElements);
  const nanoseconds =
    rows * (depth + width) * cost.moved + elements * cost.scan + density * (elements * ofStored + ofFar);
  return cost.call + nanoseconds / 1000;
}

/** The time of a convolution from arrays, whose windows are laid out as the rows of a product, in microseconds. */
export function windowsTime({ windows, stored }: EncodedCosts, layout: EncodedLayout, sizes: ProductSizes): number {
  const laidOut = windows.call + (sizes.rows * sizes.depth * windows.each) / 1000;
  return laidOut + productTime(stored[layout], sizes);
}

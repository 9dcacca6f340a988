/** Columns of a layer that go in whole groups, such as those that a head of attention gives; what is left makes up for them. */
import { ArgumentError } from '@espalier/tensor';
import { aCount, anObject, aPositiveInteger, check, ruleOf, type OptionRules } from '@espalier/tensor/arguments';
import { checkNeeded } from '../arguments.ts';
import { cholesky, inverseOfLower } from './cholesky.ts';
import { inverseFactor } from './inverse-factor.ts';
import { energyOf, lossOf, type Part } from './part.ts';
import { cutOut, product, turned, type Rows } from './products.ts';

/** A linear layer, and what it was given. */
export interface MeasuredColumns {
  /** [rows, columns], row-major: a row for each output. */
  readonly weights: Float32Array;
  /** X · Xᵀ over the number of inputs, [columns, columns], of which the lower half is read. */
  readonly products: Float64Array;
}

/** What of it goes. */
export interface DropColumnsOptions {
  /** Columns of a group, which lie side by side; they divide those of the layer. */
  readonly group: number;
  /** How many groups go; one stays at least. */
  readonly count: number;
}

/** What is left. */
export interface DroppedColumns {
  /** Groups that stay, from 0, in order. */
  readonly kept: readonly number[];
  /** [rows, columns that stay], row-major. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** What the outputs lose, in squares, as a share of what they were; 0 of nothing. */
  readonly loss: number;
}

const floats = ruleOf<Float32Array>('a Float32Array', (value) => value instanceof Float32Array);
const doubles = ruleOf<Float64Array>(
  'a Float64Array of finite numbers',
  (value) => value instanceof Float64Array && value.every((each) => Number.isFinite(each)),
);
const optionRules: OptionRules<DropColumnsOptions> = {
  group: aPositiveInteger,
  count: aCount,
};

/** The share of the mean square of inputs that is added to each, so that weights go no further than inputs say. */
const damping = 0.01;

/**
 * Takes groups of columns out of a layer, one after the other: each time the group without which the outputs lose the least, in squares,
 * once all other columns are fitted to make up for it; and fits them. With inputs that are all 0 groups count by their weights. Sources:
 * B. Hassibi and D. Stork, "Second order derivatives for network pruning: optimal brain surgeon", 1992, for single weights, and E. Kurtic,
 * E. Frantar and D. Alistarh, "ZipLM: inference-aware structured pruning of language models", 2023, arXiv:2302.04089, for groups.
 * @throws {ArgumentError} for sizes that do not fit together, and where no group would be left.
 *
 * @example
 * dropColumns({ weights, products }, { group: 64, count: 3 })
 */
export function dropColumns(layer: MeasuredColumns, options: DropColumnsOptions): DroppedColumns {
  const place = 'dropColumns';
  check<object>(place, 'the layer', layer, anObject);
  const weights = Float64Array.from(check(place, 'weights', layer.weights, floats));
  const products = check(place, 'products', layer.products, doubles);
  const { group, count } = checkNeeded(place, options, optionRules, ['group', 'count']);
  const columns = Math.sqrt(products.length);
  const [rows, groups] = [weights.length / columns, columns / group];
  if (![columns, rows, groups].every((size) => Number.isInteger(size) && size > 0))
    throw new ArgumentError(
      place,
      `${weights.length} weights, ${products.length} products and groups of ${group} columns do not fit together`,
    );
  if (count >= groups) throw new ArgumentError(place, `${count} of ${groups} groups would be gone; leave one`);
  const part: Part = { weights, rows, columns, kept: undefined, products };
  const left = Float64Array.from(weights);
  const inverse = inverseOf(products, columns);
  const kept = Array.from({ length: groups }, (_, index) => index);
  for (let gone = 0; gone < count; gone++) {
    const scored = kept.map((index) => removal(left, inverse, columns, [index * group, (index + 1) * group]));
    const least = scored.reduce((best, { loss }, at) => (loss <= (scored[best] as Removal).loss ? at : best), 0);
    remove(left, inverse, columns, scored[least] as Removal);
    kept.splice(least, 1);
  }
  for (let at = 0; at < left.length; at++) if (!kept.includes(Math.floor((at % columns) / group))) left[at] = 0;
  const energy = energyOf([part]);
  return {
    kept,
    weights: columnsOf(left, columns, kept, group),
    loss: energy === 0 ? 0 : lossOf(part, left) / energy,
  };
}

/** (X · Xᵀ + damping)⁻¹ as a whole; the identity where nothing is known of the inputs. */
function inverseOf(products: Float64Array, size: number): Float64Array {
  const found = inverseFactor(products, size, damping);
  const factor =
    'factor' in found ? found.factor : Float64Array.from(products, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
  const whole = cutOut({ values: factor, columns: size }, [0, size], [0, size]);
  return product(turned(whole), whole);
}

/** A group as it would go. */
interface Removal {
  readonly range: readonly [begin: number, end: number];
  /** L⁻¹ of the block of the group in the inverse, which is L · Lᵀ. */
  readonly solver: Rows;
  /** The weights of the group times L⁻ᵀ, [rows, group]: its loss is the sum of their squares. */
  readonly pulled: Rows;
  readonly loss: number;
}

function removal(weights: Float64Array, inverse: Float64Array, columns: number, range: Removal['range']): Removal {
  const size = range[1] - range[0];
  const block = cutOut({ values: inverse, columns }, range, range);
  // What is added to the inputs keeps the inverse, and with it each block of it, well away from singular.
  const lower = cholesky(block.values, size) as Float64Array;
  const solver: Rows = { values: inverseOfLower(lower, size), rows: size, columns: size };
  const rows = weights.length / columns;
  const values = product(cutOut({ values: weights, columns }, [0, rows], range), turned(solver));
  const loss = values.reduce((sum, value) => sum + value * value, 0);
  return { range, solver, pulled: { values, rows, columns: size }, loss };
}

/** Fits the other columns, and takes the group out of the inverse. */
function remove(
  weights: Float64Array,
  inverse: Float64Array,
  columns: number,
  { range, solver, pulled }: Removal,
): void {
  const across = product(solver, cutOut({ values: inverse, columns }, range, [0, columns]));
  const solved: Rows = { values: across, rows: solver.rows, columns };
  subtract(weights, product(pulled, solved));
  subtract(inverse, product(turned(solved), solved));
}

function subtract(from: Float64Array, values: Float64Array): void {
  for (let at = 0; at < from.length; at++) from[at] = (from[at] as number) - (values[at] as number);
}

/** Groups of columns, side by side. */
function columnsOf(
  values: Float64Array,
  columns: number,
  kept: readonly number[],
  group: number,
): Float32Array<ArrayBuffer> {
  const rows = values.length / columns;
  const width = kept.length * group;
  const made = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++)
    for (const [at, index] of kept.entries())
      made.set(
        values.subarray(row * columns + index * group, row * columns + (index + 1) * group),
        row * width + at * group,
      );
  return made;
}

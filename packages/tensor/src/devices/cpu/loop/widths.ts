/** In how many lanes at once a dimension is gone through. */
import { dtypes } from '../../../dtype/dtype.ts';
import { i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { Nest } from './nest.ts';

/** So many rounds with so many lanes. */
export interface Rounds {
  readonly lanes: number;
  readonly count: number | Expression;
}

/**
 * Lanes of the widest vectors for a dimension of so many indices. In four registers at once constants are read once for all of them, and
 * long chains of steps, as exponentials are, wait for each other a quarter as often.
 */
function widestFor(size: number, { isSummed, hasHalves }: WidthChoice): number {
  if (isSummed && size >= 128) return 32;
  return size >= 64 ? 16 : hasHalves && size >= 8 ? 8 : 4;
}

/**
 * Whether a nest adds up rows as they are: in eight registers then, so that each visit of a row takes two lines of the cache. What has
 * more to do at each point has no registers for it.
 */
const sumsRows = ({ spec, walks }: Nest): boolean =>
  walks.length === 1 &&
  walks[0]?.points.length === 1 &&
  walks[0].reduces.length === 1 &&
  spec.body.some((step) => step.kind === 'reduce' && step.op === 'sum');

/** What widths depend on beside the size. */
export interface WidthChoice {
  readonly isSummed: boolean;
  /** Whether numbers of 16 bits are read or written, of which eight are in a register. */
  readonly hasHalves: boolean;
}

/** For lanes over rows, and over points. */
export type WidthChoices = Readonly<Record<'rows' | 'points', WidthChoice>>;

/** What the widths of a nest depend on. */
export function widthChoices(nest: Nest): WidthChoices {
  const hasHalves = nest.spec.bindings.some(({ dtype }) => dtypes[dtype].bytes === 2);
  return { rows: { isSummed: sumsRows(nest), hasHalves }, points: { isSummed: false, hasHalves } };
}

/** Lane counts to go through a dimension of `size` with: wide vectors, then four lanes, then one by one. */
export function widthsFor(size: number, choice: WidthChoice): { readonly lanes: number; readonly count: number }[] {
  const result: { lanes: number; count: number }[] = [];
  let rest = size;
  for (const lanes of new Set([widestFor(size, choice), 4, 1])) {
    const count = Math.floor(rest / lanes);
    if (count > 0) result.push({ lanes, count });
    rest -= count * lanes;
  }
  return result;
}

/** The same for a dimension that ends at `length`. */
export function widthsUpTo(f: FunctionBuilder, length: Local, size: number, choice: WidthChoice): Rounds[] {
  let rest = length;
  return [...new Set([widestFor(size, choice), 4, 1])].map((lanes) => {
    if (lanes === 1) return { lanes, count: rest };
    const count = f.let(op('i32.div_u', rest, i32(lanes)));
    rest = f.let(op('i32.rem_u', rest, i32(lanes)));
    return { lanes, count };
  });
}

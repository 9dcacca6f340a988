/** Pruning of a part of a layer, by SparseGPT. */
import { dropCount } from '../prune/allocate.ts';
import { gridAt, onGrid, staticGrids, type Grid } from './grid.ts';
import { inverseFactorIn } from './inverse-factor.ts';
import { importanceOf, liveWeights, lossOf, type Part } from './part.ts';
import { keepHighest, keepInRow, type Pattern } from './pattern.ts';
import { refit } from './refit.ts';
import { sweep, type SweepRules } from './sweep.ts';

/** How a part is pruned. */
export interface SparsifyOptions {
  /** A pattern, or how many weights are to be gone. */
  readonly drop: Extract<Pattern, { readonly n: number }> | { readonly count: number };
  /** Share of the mean of the diagonal that is added to it. */
  readonly damping: number;
  /** How many rounds what is kept is fitted in, once all is gone that is to go; not where it is rounded. Default: 0. */
  readonly refit?: number;
  /** What is kept is rounded to these numbers, if they are given. */
  readonly round: { readonly bits: number; readonly width: number; readonly scales: 'f32' | 'f16' } | undefined;
}

/** What became of a part. */
export interface SparsePart {
  readonly values: Float64Array;
  readonly kept: Uint8Array;
  /** Row after row; none where nothing is rounded. */
  readonly grids: readonly Grid[];
  /** The mean square that outputs are off by. */
  readonly loss: number;
  /** Why it is only pruned by magnitude. */
  readonly note?: string;
}

/** How many weights of a layer are gone by the row `row`, so that exactly ⌊sparsity · size⌋ are in the end. */
export function droppedBy(sparsity: number, row: number, columns: number): number {
  return dropCount(sparsity, row * columns);
}

/**
 * Drops the weights with the least w² / U[c, c]², and lets the columns behind them make up for it. With a pattern each group of
 * m columns of a row is chosen when it is reached; else each block of 128 columns is, over all rows, in which the share of
 * the columns so far is gone then. Of equal ones the first go. Where what is kept is rounded, grids are laid for the weights
 * that pruning alone leaves, which are larger than they were.
 */
export function sparsifyPart(part: Part, { drop, damping, refit: rounds = 0, round }: SparsifyOptions): SparsePart {
  const inOrder = Int32Array.from({ length: part.columns }, (_, column) => column);
  const inverse = part.products && inverseFactorIn(part.products, inOrder, damping);
  const factor = inverse && 'factor' in inverse ? inverse.factor : undefined;
  const go = factor
    ? (settle: SweepRules['settle']): Pruned => pruneInTurn(part, factor, drop, settle)
    : (settle: SweepRules['settle']): Pruned => pruneByMagnitude(part, drop, settle);
  const pruned = go((_, __, weight) => Math.fround(weight));
  const finish = (found: Pruned, grids: readonly Grid[]): SparsePart => ({
    ...found,
    grids,
    loss: lossOf(part, found.values),
    ...(inverse && 'problem' in inverse && { note: inverse.problem }),
  });
  if (!round) return finish(inverse && 'added' in inverse ? fitted(part, pruned, inverse.added, rounds) : pruned, []);
  const left = { weights: pruned.values, columns: part.columns };
  // Narrower grids are better for these weights, and may be worse for what those become while others make up for errors.
  const [whole, narrower] = [false, true].map((clip) => {
    const grids = staticGrids(left, importanceOf(part), { ...round, zeros: false, clip });
    const rounded = go((row, column, weight) => onGrid(gridAt(grids, row, column, part.columns, round.width), weight));
    return finish(rounded, grids);
  }) as [SparsePart, SparsePart];
  return narrower.loss < whole.loss ? narrower : whole;
}

/** What is kept, fitted; as it was where that loses less. */
function fitted(part: Part, pruned: Pruned, added: number, rounds: number): Pruned {
  const { products } = part;
  if (!products || rounds === 0) return pruned;
  const values = refit({ ...part, products }, pruned.kept, pruned.values, { added, rounds });
  return lossOf(part, values) < lossOf(part, pruned.values) ? { ...pruned, values } : pruned;
}

type Pruned = Pick<SparsePart, 'values' | 'kept'>;

const keptIn = ({ kept, weights }: Part): Uint8Array => kept?.slice() ?? new Uint8Array(weights.length).fill(1);

/** What nothing makes up for. */
function pruneByMagnitude(part: Part, drop: SparsifyOptions['drop'], settle: SweepRules['settle']): Pruned {
  const { rows, columns, weights } = part;
  const kept = keptIn(part);
  const scores = weights.map((weight, index) => (kept[index] === 0 ? -Infinity : Math.abs(weight)));
  if ('count' in drop) kept.set(keepHighest(scores, drop.count));
  else
    for (let row = 0; row < rows; row++)
      kept.set(keepInRow(scores.subarray(row * columns, (row + 1) * columns), drop), row * columns);
  const values = weights.map((weight, index) =>
    kept[index] === 0 ? 0 : settle(Math.floor(index / columns), index % columns, weight),
  );
  return { values, kept };
}

/** The sweep. */
function pruneInTurn(
  part: Part,
  factor: Float64Array,
  drop: SparsifyOptions['drop'],
  settle: SweepRules['settle'],
): Pruned {
  const { rows, columns } = part;
  const weights = liveWeights(part);
  const kept = keptIn(part);
  const scoreOf = (row: number, column: number): number => {
    const index = row * columns + column;
    return kept[index] === 0
      ? -Infinity
      : ((weights[index] as number) / (factor[column * columns + column] as number)) ** 2;
  };
  const choose =
    'count' in drop
      ? { beforeBlock: blockChooser(part, kept, drop.count, scoreOf) }
      : {
          beforeColumn: (row: number, column: number): void => {
            if (column % drop.m !== 0) return;
            const size = Math.min(drop.m, columns - column);
            const scores = Float64Array.from({ length: size }, (_, place) => scoreOf(row, column + place));
            kept.set(keepInRow(scores, drop), row * columns + column);
          },
        };
  // No group of a pattern may lie in two blocks: its later columns would not know of the earlier ones.
  const block = 'count' in drop ? 128 : Math.floor(128 / drop.m) * drop.m;
  sweep(
    { weights, rows, columns, factor },
    {
      block,
      ...choose,
      settle: (row, column, weight) => (kept[row * columns + column] === 0 ? 0 : settle(row, column, weight)),
    },
  );
  return { values: weights, kept };
}

/** Chooses which weights of a block of columns are kept, so that `count` of all are gone behind the last one. */
function blockChooser(
  { rows, columns }: Part,
  kept: Uint8Array,
  count: number,
  scoreOf: (row: number, column: number) => number,
): (begin: number, end: number) => void {
  const goneIn = (begin: number, end: number): number => {
    let gone = 0;
    for (let row = 0; row < rows; row++)
      for (let column = begin; column < end; column++) gone += 1 - (kept[row * columns + column] as number);
    return gone;
  };
  return (begin, end) => {
    const before = goneIn(0, begin);
    const due = Math.floor((count * end) / columns);
    // What is gone behind this block already is part of the count.
    const wanted = Math.max(0, Math.min(due, count - goneIn(end, columns)) - before);
    const width = end - begin;
    const scores = Float64Array.from({ length: rows * width }, (_, index) =>
      scoreOf(Math.floor(index / width), begin + (index % width)),
    );
    const chosen = keepHighest(scores, wanted);
    for (let row = 0; row < rows; row++)
      kept.set(chosen.subarray(row * width, (row + 1) * width), row * columns + begin);
  };
}

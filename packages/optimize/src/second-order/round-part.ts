/** Rounding of a part of a layer, by GPTQ. */
import { gridAt, gridOf, onGrid, staticGrids, type Grid } from './grid.ts';
import { inverseFactorIn, type InverseFactor } from './inverse-factor.ts';
import { importanceOf, liveWeights, rowLosses, type Part } from './part.ts';
import { sweep } from './sweep.ts';

/** How a part is rounded. */
export interface RoundOptions {
  readonly bits: number;
  /** Columns that share a grid. */
  readonly width: number;
  readonly zeros: boolean;
  /** What scales are stored in. Default: f32. */
  readonly scales?: 'f32' | 'f16';
  readonly clip: boolean;
  /** Whether columns are rounded in the order of the size of their inputs, the largest first. */
  readonly actOrder: boolean;
  /** Whether grids are laid for the weights as they were; else for what those became by the time that their column comes. */
  readonly staticGroups: boolean;
  /** Share of the mean of the diagonal that is added to it. */
  readonly damping: number;
}

/** What became of a part. */
export interface RoundedPart {
  readonly values: Float64Array;
  /** What each weight was when it was rounded: others had made it make up for them. */
  readonly before: Float64Array;
  /** Row after row. */
  readonly grids: Grid[];
  /** The mean square that outputs are off by. */
  readonly loss: number;
  /** The same of rounding each weight to the nearest number of a grid that reaches to the largest. */
  readonly plainLoss: number;
  /** Why it is only rounded to the nearest numbers. */
  readonly note?: string;
}

/** The columns of a GPTQ block, as in the authors' program. */
const block = 128;

/**
 * Rounds weights column by column, each column making up for what the ones before lost. Narrower grids bring less error to the
 * weights as they were and more to what those become, so each row takes of a sweep without them, one with them where they are
 * allowed, and its weights rounded to the nearest numbers, what is nearest at the output. What a mask dropped stays 0.
 */
export function roundPart(part: Part, options: RoundOptions): RoundedPart {
  const plain = roundToNearest(part, { ...options, clip: false });
  const { rows, columns, products } = part;
  const losses = rowLosses(part, plain.values);
  const total = (): number => losses.reduce((sum, each) => sum + each, 0);
  const plainLoss = total();
  const fallback = (note?: string): RoundedPart => ({
    ...(products ? plain : roundToNearest(part, options)),
    before: part.weights,
    loss: plainLoss,
    plainLoss,
    ...(note !== undefined && { note }),
  });
  if (!products) return fallback();
  const swept = roundsInTurn(part, options);
  if ('problem' in swept) return fallback(swept.problem);
  const perRow = plain.grids.length / rows;
  const before = Float64Array.from(part.weights);
  for (const { values, before: unrounded, grids, losses: own } of swept)
    for (const [row, loss] of own.entries()) {
      if (loss > (losses[row] as number)) continue;
      losses[row] = loss;
      plain.values.set(values.subarray(row * columns, (row + 1) * columns), row * columns);
      before.set(unrounded.subarray(row * columns, (row + 1) * columns), row * columns);
      for (let at = row * perRow; at < (row + 1) * perRow; at++) plain.grids[at] = grids[at] as Grid;
    }
  return { ...plain, before, loss: total(), plainLoss };
}

type Round = Pick<RoundedPart, 'values' | 'grids'>;

/** Each weight to the nearest number of its grid. */
export function roundToNearest(
  part: Part,
  options: Omit<RoundOptions, 'actOrder' | 'staticGroups' | 'damping'>,
): Round {
  const { rows, columns, kept, weights } = part;
  const { width } = options;
  const grids = staticGrids(part, importanceOf(part), options);
  const values = new Float64Array(weights.length);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++)
      if (kept?.[at] !== 0) values[at] = onGrid(gridAt(grids, row, column, columns, width), weights[at] as number);
  return { values, grids };
}

/** What a sweep came to. */
interface Swept extends Round {
  readonly before: Float64Array;
  /** Of each row, at the output. */
  readonly losses: Float64Array;
}

/** Sweeps over columns in the order asked for: with grids that reach to the largest weights, then with narrower ones if they may be. */
function roundsInTurn(part: Part, options: RoundOptions): readonly Swept[] | { readonly problem: string } {
  const { columns } = part;
  const products = part.products as Float64Array;
  const importance = importanceOf(part);
  const order = Int32Array.from({ length: columns }, (_, column) => column);
  if (options.actOrder) order.sort((a, b) => (importance[b] as number) - (importance[a] as number) || a - b);
  const inverse = inverseFactorIn(products, order, options.damping);
  if ('problem' in inverse) return inverse;
  return (options.clip ? [false, true] : [false]).map((clip) =>
    roundInTurn(part, { ...options, clip }, order, inverse),
  );
}

function roundInTurn(
  part: Part,
  options: RoundOptions,
  order: Int32Array,
  { factor, added }: Extract<InverseFactor, { readonly factor: unknown }>,
): Swept {
  const { rows, columns, kept } = part;
  const { width, staticGroups } = options;
  const importance = importanceOf(part);
  const live = liveWeights(part);
  const perRow = Math.ceil(columns / width);
  const grids = staticGrids({ weights: live, columns }, importance, options);
  const weights = new Float64Array(live.length);
  for (let row = 0, at = 0; row < rows; row++)
    for (let place = 0; place < columns; place++, at++)
      weights[at] = live[row * columns + (order[place] as number)] as number;
  const before = new Float64Array(live.length);
  const isGone = (row: number, column: number): boolean => kept?.[row * columns + column] === 0;
  const losses = sweep(
    { weights, rows, columns, factor },
    {
      block,
      ...(!staticGroups && {
        beforeColumn: (row, column) => {
          if (column % width !== 0) return;
          const end = Math.min(columns, column + width);
          const own = weights.slice(row * columns + column, row * columns + end);
          for (let index = 0; index < own.length; index++) if (isGone(row, column + index)) own[index] = 0;
          grids[row * perRow + column / width] = gridOf(own, importance.subarray(column, end), options);
        },
      }),
      settle: (row, place, weight) => {
        const column = order[place] as number;
        before[row * columns + column] = weight;
        return isGone(row, column) ? 0 : onGrid(gridAt(grids, row, column, columns, width), weight);
      },
    },
  );
  const values = new Float64Array(weights.length);
  for (let row = 0, at = 0; row < rows; row++)
    for (let place = 0; place < columns; place++, at++)
      values[row * columns + (order[place] as number)] = weights[at] as number;
  // The products with what was added to them are what the factor is of; of that the added part is taken off again.
  for (let row = 0, at = 0; row < rows; row++) {
    let off = 0;
    for (let column = 0; column < columns; column++, at++)
      if (importance[column] !== 0) off += ((live[at] as number) - (values[at] as number)) ** 2;
    losses[row] = Math.max(0, (losses[row] as number) - added * off);
  }
  return { values, before, grids, losses };
}

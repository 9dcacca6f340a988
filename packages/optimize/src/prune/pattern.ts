/** Which weights go together: each on its own, blocks, whole rows or columns, or so that n of every m stay. */
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import { markLowest } from './exact-rank.ts';

/**
 * The shape of what goes: `unstructured`; `row` or `column` of a weight as the matrix [first axis, all other axes]; `4x1` for
 * blocks of 4 rows and 1 column; `2:4` for 2 that stay of every 4 neighbours in a row.
 */
export type PrunePattern = 'unstructured' | 'row' | 'column' | (string & Record<never, never>);

/** n of every m neighbours in a row stay; of a last group of fewer, at most n. */
export interface NOfM {
  readonly n: number;
  readonly m: number;
}

/** Blocks of so many rows and columns, of which there may be less at the edges. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
}

/** A pattern that was read. */
export type Units = NOfM | Block;

const words: Readonly<Record<string, Block>> = {
  unstructured: { rows: 1, columns: 1 },
  row: { rows: 1, columns: Infinity },
  column: { rows: Infinity, columns: 1 },
};

/** Whether a pattern is n of every m. */
export function isNOfM(units: Units): units is NOfM {
  return 'n' in units;
}

/** Whether each weight goes on its own. */
export function isUnstructured(units: Units): boolean {
  return !isNOfM(units) && units.rows === 1 && units.columns === 1;
}

/** `n:m` with 1 ≤ n < m ≤ 16, or nothing. */
export function parseNOfM(pattern: unknown): NOfM | undefined {
  const [, n, m] = (typeof pattern === 'string' && /^(\d{1,2}):(\d{1,2})$/.exec(pattern)) || [];
  const parsed = { n: Number(n), m: Number(m) };
  return parsed.n >= 1 && parsed.n < parsed.m && parsed.m <= 16 ? parsed : undefined;
}

/** @throws {RecipeError} for what is no pattern. */
export function parsePattern(place: string, pattern: PrunePattern = 'unstructured'): Units {
  const known = typeof pattern === 'string' && Object.hasOwn(words, pattern) ? words[pattern] : parseNOfM(pattern);
  if (known) return known;
  const [, rows, columns] = (typeof pattern === 'string' && /^(\d{1,5})x(\d{1,5})$/.exec(pattern)) || [];
  const block = { rows: Number(rows), columns: Number(columns) };
  if (block.rows >= 1 && block.columns >= 1) return block;
  throw new RecipeError(
    place,
    `pattern is ${quote(pattern)}; it must be ${Object.keys(words).join(', ')}, rows x columns of blocks such as 4x1, ` +
      'or n:m such as 2:4, with n of every m kept, 1 ≤ n < m ≤ 16',
  );
}

/** What goes, in words: `weights`, `rows`, `4x1 blocks`. */
export function unitWords(units: Units): string {
  if (isNOfM(units) || isUnstructured(units)) return 'weights';
  const word = Object.keys(words).find((name) => words[name] === units);
  return word ? `${word}s` : `${units.rows}x${units.columns} blocks`;
}

/** How a tensor is cut into units. */
interface Cut {
  /** How many there are. */
  readonly count: number;
  /** The unit that a weight belongs to. */
  readonly unitOf: (index: number) => number;
  /** Weights of the largest. */
  readonly largest: number;
}

function cutOf(block: Block, shape: readonly number[]): Cut {
  const [height = 1, ...rest] = shape;
  const width = rest.reduce((product, each) => product * each, 1);
  const [rows, columns] = [Math.min(block.rows, Math.max(1, height)), Math.min(block.columns, Math.max(1, width))];
  const across = Math.ceil(width / columns);
  return {
    count: Math.ceil(height / rows) * across,
    unitOf: (index) => {
      const row = Math.floor(index / width);
      return Math.floor(row / rows) * across + Math.floor((index - row * width) / columns);
    },
    largest: rows * columns,
  };
}

/** How many units a tensor has. */
export function unitCount(units: Block, shape: readonly number[]): number {
  return cutOf(units, shape).count;
}

/** How many weights so many units have at most. */
export function mostWeights(units: Block, shape: readonly number[], count: number): number {
  return count * cutOf(units, shape).largest;
}

/**
 * The scores of units: the mean over their weights, of which those that are gone (-∞) count as 0; -∞ where all are gone. Means,
 * since units at the edges have fewer.
 */
export function unitScores(units: Block, scores: Float32Array, shape: readonly number[]): Float32Array {
  if (isUnstructured(units)) return scores;
  const { count, unitOf } = cutOf(units, shape);
  const [sums, sizes, left] = [new Float64Array(count), new Uint32Array(count), new Uint32Array(count)];
  for (const [index, score] of scores.entries()) {
    const unit = unitOf(index);
    sizes[unit] = (sizes[unit] as number) + 1;
    if (score === -Infinity) continue;
    sums[unit] = (sums[unit] as number) + score;
    left[unit] = (left[unit] as number) + 1;
  }
  return Float32Array.from(sums, (sum, unit) => (left[unit] === 0 ? -Infinity : sum / (sizes[unit] as number)));
}

/** Marks (1) the weights of the units that are marked, and those that are gone already. */
export function markWeights(
  units: Block,
  marks: Uint8Array<ArrayBuffer>,
  scores: Float32Array,
  shape: readonly number[],
): Uint8Array<ArrayBuffer> {
  if (isUnstructured(units)) return marks;
  const { unitOf } = cutOf(units, shape);
  return Uint8Array.from(scores, (score, index) => (score === -Infinity || marks[unitOf(index)] === 1 ? 1 : 0));
}

/** How many scores from `begin` to `end` go before one of them. Groups are too many, and too small, to be sorted each. */
function rankIn(scores: ArrayLike<number>, begin: number, end: number, index: number): number {
  const own = scores[index] as number;
  let rank = 0;
  for (let other = begin; other < end; other++) {
    const score = scores[other] as number;
    if (score < own || (score === own && other < index)) rank++;
  }
  return rank;
}

/**
 * Marks (1) the lowest of all but the n highest scores of each m neighbours in a row: a share of those, or as many as are gone
 * (-∞) already; of equal scores those that come first.
 */
export function markInGroups(
  { n, m }: NOfM,
  scores: Float32Array | Float64Array,
  shape: readonly number[],
  share: number,
): Uint8Array<ArrayBuffer> {
  const width = shape.slice(1).reduce((product, each) => product * each, 1);
  const may = new Uint8Array(scores.length);
  let gone = 0;
  for (let row = 0; row < scores.length; row += width) {
    for (let begin = row; begin < row + width; begin += m) {
      const end = Math.min(begin + m, row + width);
      let lost = 0;
      for (let index = begin; index < end; index++) if (scores[index] === -Infinity) lost++;
      gone += lost;
      const count = Math.max(lost, end - begin - n);
      for (let index = begin; index < end; index++) if (rankIn(scores, begin, end, index) < count) may[index] = 1;
    }
  }
  if (share >= 1) return may;
  const candidates = may.reduce((count, mark) => count + mark, 0);
  const count = Math.max(gone, Math.floor(share * candidates));
  const ranked = scores.slice();
  for (const [index, mark] of may.entries()) if (mark === 0) ranked[index] = Infinity;
  return markLowest(ranked, count);
}

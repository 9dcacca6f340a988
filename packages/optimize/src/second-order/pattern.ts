/** Which weights may stay: a share of them, or n of every m in a row. */
import { RecipeError } from '../errors.ts';
import { dropCount } from '../prune/allocate.ts';
import { markLowest } from '../prune/exact-rank.ts';
import { markInGroups, parseNOfM, type NOfM } from '../prune/pattern.ts';
import { quote } from '../quote.ts';
import { numberOption } from '../recipe/options.ts';

/** How many weights to drop, as options say it: one of the two. */
export interface PatternOptions {
  /** Share of the weights to drop, from 0 to below 1. */
  readonly sparsity?: number;
  /** `n:m`, such as `2:4`: of every m columns of a row n stay; of a last group of fewer columns, at most n. */
  readonly pattern?: string;
}

/** Options that were checked. */
export type Pattern = { readonly sparsity: number } | NOfM;

/**
 * The options, checked.
 * @throws {RecipeError} unless they are a sparsity or a pattern.
 */
export function patternOf(place: string, { sparsity, pattern }: PatternOptions): Pattern {
  if ((sparsity === undefined) === (pattern === undefined))
    throw new RecipeError(
      place,
      sparsity === undefined ? 'has neither sparsity nor pattern; give one' : 'has both sparsity and pattern; give one',
    );
  if (pattern === undefined) {
    numberOption(place, 'sparsity', sparsity, { least: 0, below: 1 });
    return { sparsity: sparsity as number };
  }
  const parsed = parseNOfM(pattern);
  if (parsed) return parsed;
  throw new RecipeError(
    place,
    `pattern is ${quote(pattern)}; it must be n:m, such as 2:4, with n of every m kept, 1 ≤ n < m ≤ 16`,
  );
}

/** What is dropped, in words. */
export function describePattern(pattern: Pattern): string {
  return 'n' in pattern
    ? `keep ${pattern.n} of every ${pattern.m} weights of a row`
    : `drop ${Number((pattern.sparsity * 100).toFixed(3))} %`;
}

/**
 * Which weights of a row stay (1): the lowest ⌊sparsity · length⌋ scores go, or all but n of each m; of equal ones the first.
 * What has the score -∞ is gone already and stays so.
 */
export function keepInRow(scores: Float64Array, pattern: Pattern): Uint8Array {
  if (!('n' in pattern)) return keepHighest(scores, dropCount(pattern.sparsity, scores.length));
  return markInGroups(pattern, scores, [1, scores.length], 1).map((mark) => 1 - mark);
}

/** Marks (1) all but the lowest `count` scores, or all but what is gone already where that is more. */
export function keepHighest(scores: Float64Array, count: number): Uint8Array {
  const gone = scores.reduce((sum, score) => sum + (score === -Infinity ? 1 : 0), 0);
  return markLowest(scores, Math.max(count, gone)).map((mark) => 1 - mark);
}

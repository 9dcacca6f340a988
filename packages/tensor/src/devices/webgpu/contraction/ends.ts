/** Where the dimensions of a contraction end: at their sizes, or at lengths that are read when the kernel starts. */
import type { Limit } from '../../../kernel/spec.ts';
import { readLength } from '../loop/loop-body.ts';
import { at, prod } from '../numbers.ts';

/** The end of a dimension: an expression, and the statement that defines it if there is one. */
export interface End {
  readonly shown: string;
  readonly lines: readonly string[];
}

/** The ends of a contraction that has lengths. */
export interface Ends {
  readonly m: End;
  readonly n: End;
  readonly k: End;
  /** Statements that read the lengths of batch dimensions. */
  readonly batchLines: readonly string[];
  /** Conditions under which a batch, given its number, is not there. */
  readonly beyond: (batch: string) => readonly string[];
}

/** The ends of a contraction over [...batch, m, n, k] with some limits. */
export function endsOf(
  { batch, m, n, k }: { readonly batch: readonly number[]; readonly m: number; readonly n: number; readonly k: number },
  limits: readonly Limit[] | undefined,
): Ends | undefined {
  if (!limits) return undefined;
  const sizes = [...batch, m, n, k];
  const lengths = new Map(limits.map((limit) => [limit.dim, readLength(limit, at(sizes, limit.dim))]));
  const end = (dim: number): End => {
    const length = lengths.get(dim);
    return length ? { shown: length.name, lines: [length.line] } : wholeEnd(at(sizes, dim));
  };
  const [row, column, depth] = [end(batch.length), end(batch.length + 1), end(batch.length + 2)];
  const bounded = batch.flatMap((size, dim) => {
    const length = lengths.get(dim);
    return length ? [{ ...length, size, below: prod(batch.slice(dim + 1)) }] : [];
  });
  return {
    m: row,
    n: column,
    k: depth,
    batchLines: bounded.map(({ line }) => line),
    beyond: (number) => bounded.map(({ name, size, below }) => `${number} / ${below}u % ${size}u >= ${name}`),
  };
}

/** The end of a dimension that goes to its size. */
export function wholeEnd(size: number): End {
  return { shown: `${size}u`, lines: [] };
}

/** Compares lists of numbers within bounds and says where they differ most. */
import { dtypes, type DType, type Shape } from '@espalier/tensor';

/** How much each element may differ. */
export interface Allowance {
  /** Allowed whatever the value; one for all, or one for each element. */
  readonly absolute: number | ArrayLike<number>;
  /** Allowed per unit of the expected magnitude. */
  readonly relative: number;
  /** Whether -0 and +0 count as different. Default false. */
  readonly signedZeros?: boolean;
  /** Where it overflows: a result within `relative` of the largest finite value may be infinite, and the other way round. */
  readonly dtype?: DType;
}

/** One element that is not close. */
export interface Mismatch {
  /** Row-major position. */
  readonly position: number;
  readonly actual: number;
  readonly expected: number;
  /** |actual − expected|; infinite where one is NaN or infinite and the other is not. */
  readonly error: number;
  readonly allowed: number;
}

/** All that differs between two lists of equal length. */
export interface Difference {
  readonly count: number;
  readonly of: number;
  readonly first: Mismatch;
  /** Largest error relative to what is allowed. */
  readonly worst: Mismatch;
}

/** What differs beyond the allowance; undefined if nothing does. NaN equals NaN, infinities equal themselves. */
export function compareValues(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowance: Allowance,
): Difference | undefined {
  const mismatches: Mismatch[] = [];
  for (let position = 0; position < expected.length; position++) {
    const mismatch = compareElement(
      position,
      actual[position] ?? Number.NaN,
      expected[position] ?? Number.NaN,
      allowance,
    );
    if (mismatch) mismatches.push(mismatch);
  }
  const [first] = mismatches;
  if (!first) return undefined;
  const excess = ({ error, allowed }: Mismatch): number => (allowed === 0 ? error * 2 ** 64 : error / allowed);
  const worst = mismatches.reduce((a, b) => (excess(b) > excess(a) ? b : a));
  return { count: mismatches.length, of: expected.length, first, worst };
}

function compareElement(
  position: number,
  actual: number,
  expected: number,
  allowance: Allowance,
): Mismatch | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (actual === 0 && expected === 0)
    return allowance.signedZeros === true ? { position, actual, expected, error: 0, allowed: 0 } : undefined;
  const { absolute, relative, dtype } = allowance;
  const scale = Number.isFinite(expected) ? Math.abs(expected) : 0;
  const allowed = (typeof absolute === 'number' ? absolute : (absolute[position] ?? 0)) + relative * scale;
  const error = Number.isFinite(actual) && Number.isFinite(expected) ? Math.abs(actual - expected) : Infinity;
  if (error <= allowed || (dtype !== undefined && bothOverflow(actual, expected, relative, dtypes[dtype].max)))
    return undefined;
  return { position, actual, expected, error, allowed };
}

/** One infinite and the other so near the largest value that a rounding decides. */
function bothOverflow(actual: number, expected: number, relative: number, max: number): boolean {
  const threshold = max * (1 - relative);
  return (
    relative > 0 &&
    Math.sign(actual) === Math.sign(expected) &&
    Math.abs(actual) >= threshold &&
    Math.abs(expected) >= threshold
  );
}

/** The difference as people read it: how much differs, the first element and the worst one. */
export function describeDifference(difference: Difference, shape: Shape): string {
  const { count, of, first, worst } = difference;
  const where = ({ position }: Mismatch): string => `[${indexOf(position, shape).join(', ')}]`;
  const line = (label: string, mismatch: Mismatch): string =>
    `${label} at ${where(mismatch)}: actual ${show(mismatch.actual)}, expected ${show(mismatch.expected)}, error ${show(mismatch.error)}, allowed ${show(mismatch.allowed)}`;
  const lines = [`${count} of ${of} elements differ in shape [${shape.join(', ')}]`, line('first', first)];
  if (worst !== first) lines.push(line('worst', worst));
  return lines.join('\n');
}

function show(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function indexOf(position: number, shape: Shape): number[] {
  const index: number[] = [];
  let rest = position;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

/** Rounding that keeps sums: what all inputs of a layer have in common, its outputs have in common with those that they had. */
import { decodeValues, encodeValues, runsOf, type Scaling } from './codes.ts';
import type { NumberFormat } from './number-format.ts';

/**
 * Values on the numbers that codes stand for, each at most a step from what it was, and those that share a scale with a sum within half a
 * step of what theirs was: where the errors of rounding to the nearest add up to more, the codes of those that it moved furthest
 * go the other way. Of rows with several scales, one more of each may go, those of large scales first, where that takes off what is left
 * of the sum of the row. What is 0 stays 0. Inputs with a mean, as those behind a rectifier, turn errors that add up into a shift of
 * outputs. Source: C. Guo et al., "SQuant: on-the-fly data-free quantization via diagonal Hessian approximation", ICLR 2022, of
 * which these are the steps for whole kernels and channels.
 */
export function roundKeepingSums(
  values: Float32Array,
  scaling: Scaling,
  format: Pick<NumberFormat, 'minimum' | 'maximum'>,
  columns: number,
): Float32Array<ArrayBuffer> {
  const { scales, zeros, group } = scaling;
  const codes = encodeValues(values, scaling, format, columns);
  const runs = runsOf(values.length, columns, scales.length, group).map((ends, at): Run => {
    const [scale, zero] = [scales[at] as number, zeros?.[at] ?? 0];
    return { ends, scale, zero, off: 0 };
  });
  for (const run of runs) {
    run.off = sumOf(errorsOf(run, values, codes));
    moveBack(run, values, codes, format, Math.round(Math.abs(run.off)));
  }
  if (group === undefined) return decodeValues(codes, scaling, columns);
  const perRow = Math.ceil(columns / group);
  for (let first = 0; first < runs.length; first += perRow) {
    const row = runs.slice(first, first + perRow).toSorted((a, b) => b.scale - a.scale);
    let off = row.reduce((sum, run) => sum + run.off * run.scale, 0);
    for (const run of row) {
      if (Math.abs(off) <= run.scale / 2 || run.off * off <= 0) continue;
      const before = run.off;
      moveBack(run, values, codes, format, 1);
      off += (run.off - before) * run.scale;
    }
  }
  return decodeValues(codes, scaling, columns);
}

/** Weights that share a scale. */
interface Run {
  readonly ends: readonly [begin: number, end: number];
  readonly scale: number;
  readonly zero: number;
  /** The sum of what they were moved by, in steps. */
  off: number;
}

const sumOf = (values: Float64Array): number => values.reduce((sum, each) => sum + each, 0);

/** What each weight is moved by, in steps; what is 0 is not. */
function errorsOf({ ends: [begin, end], scale, zero }: Run, values: Float32Array, codes: Int8Array): Float64Array {
  return Float64Array.from({ length: end - begin }, (_, at) => {
    const value = values[begin + at] as number;
    return value === 0 ? 0 : (codes[begin + at] as number) - zero - value / scale;
  });
}

/** Lets up to so many codes go the other way, those that were moved furthest in the direction of the sum. */
function moveBack(
  run: Run,
  values: Float32Array,
  codes: Int8Array,
  { minimum, maximum }: Pick<NumberFormat, 'minimum' | 'maximum'>,
  count: number,
): void {
  if (count === 0) return;
  const errors = errorsOf(run, values, codes);
  const back = run.off > 0 ? -1 : 1;
  const furthest = Int32Array.from(errors.keys()).toSorted(
    (a, b) => back * ((errors[a] as number) - (errors[b] as number)),
  );
  let left = count;
  for (const at of furthest) {
    // Only what was moved in that direction goes back: it is then still less than a step away.
    if (left === 0 || back * (errors[at] as number) >= 0) return;
    const code = (codes[run.ends[0] + at] as number) + back;
    if (code < minimum || code > maximum) continue;
    codes[run.ends[0] + at] = code;
    run.off += back;
    left -= 1;
  }
}

/** How sure a measured median is, however often one looks. */
import { numbers } from '@espalier/nn/arguments';
import { ArgumentError } from '@espalier/tensor';
import { aNumber, check, ruleOf } from '@espalier/tensor/arguments';

const allNumbers = ruleOf<ArrayLike<number>>(
  numbers.is,
  (value) => numbers.holds(value) && Array.from(value).every(aNumber.holds),
);

/** A median with an interval around it. */
export interface MedianInterval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The median of independent draws with a confidence sequence: with a chance of 1 - `alpha` the intervals after 1, 2, 3,
 * … draws all hold the true median, so that one may look after each and stop when it suits. Nothing is assumed of the
 * distribution. A value is out when the number of draws below it is too far from half of them: of a fair coin, which
 * this is for the true median, 2ⁿ / ((n + 1) · C(n, k)) is a martingale, and passes 1 / `alpha` with a chance of at
 * most `alpha` (J. Ville, 1939). While there are too few draws to rule anything out, the ends are infinite.
 * @throws {ArgumentError} without a draw, or unless 0 < alpha < 1.
 */
export function medianInterval(draws: ArrayLike<number>, alpha: number): MedianInterval {
  check('medianInterval', 'draws', draws, allNumbers);
  check('medianInterval', 'alpha', alpha, aNumber);
  const { length: n } = draws;
  if (n === 0 || !(alpha > 0 && alpha < 1))
    throw new ArgumentError(
      'medianInterval',
      `there are ${n} draws and an alpha of ${alpha}; it takes one draw at least, and an alpha between 0 and 1`,
    );
  const sorted = Float64Array.from(draws).toSorted();
  const at = (index: number): number => sorted[index] as number;
  const out = countsRuledOut(n, alpha);
  return {
    median: (at(Math.floor((n - 1) / 2)) + at(Math.ceil((n - 1) / 2))) / 2,
    low: out === 0 ? -Infinity : at(out - 1),
    high: out === 0 ? Infinity : at(n - out),
  };
}

/** How many counts of heads in `n` throws, from 0 on, speak against a fair coin. */
function countsRuledOut(n: number, alpha: number): number {
  const needed = n * Math.LN2 - Math.log(n + 1) + Math.log(alpha);
  // ln C(n, count).
  let ways = 0;
  let count = 0;
  for (; count <= n / 2 && ways <= needed; count++) ways += Math.log((n - count) / (count + 1));
  return count;
}

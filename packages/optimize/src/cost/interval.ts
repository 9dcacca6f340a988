/** How sure a measured share is. */
import { ArgumentError } from '@espalier/tensor';
import { aNumber, check } from '@espalier/tensor/arguments';

/** A measured share with the interval that holds the true one in 95 of 100 cases. */
export interface ProportionInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The standard normal quantile that leaves 2.5 % on each side. */
const z = 1.959963984540054;

/**
 * Wilson's score interval of `successes` in `total` trials, at 95 % (E. B. Wilson, 1927). It stays inside 0 … 1 and is
 * sound near the ends, where accuracies live.
 * @throws {ArgumentError} unless 0 ≤ successes ≤ total and total > 0.
 */
export function wilsonInterval(successes: number, total: number): ProportionInterval {
  check('wilsonInterval', 'successes', successes, aNumber);
  check('wilsonInterval', 'total', total, aNumber);
  if (!(total > 0 && successes >= 0 && successes <= total)) {
    throw new ArgumentError(
      'wilsonInterval',
      `${successes} of ${total} is no share; count successes among at least one trial`,
    );
  }
  const value = successes / total;
  const spread = (z * z) / total;
  const centre = (value + spread / 2) / (1 + spread);
  const half = (z / (1 + spread)) * Math.sqrt((value * (1 - value)) / total + spread / (4 * total));
  return { value, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

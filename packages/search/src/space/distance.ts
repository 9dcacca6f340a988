/** How far apart two configs are, for niches and diversity. */
import { toUnit } from './number-scale.ts';
import type { ActiveParameter } from './space.ts';

/**
 * How far two configs are apart, in [0, 1]: the mean over the parameters active in either of the distance on the
 * number's own scale; 1 for different choices, and for a parameter that one of them lacks.
 */
export function distance(
  first: ReadonlyMap<string, ActiveParameter>,
  second: ReadonlyMap<string, ActiveParameter>,
): number {
  let [sum, count] = [0, second.size];
  for (const [path, { parameter, value }] of first) {
    const other = second.get(path);
    if (other === undefined) [sum, count] = [sum + 1, count + 1];
    else if (parameter.kind === 'choice') sum += value === other.value ? 0 : 1;
    else sum += Math.abs(toUnit(parameter, Number(value)) - toUnit(parameter, Number(other.value)));
  }
  const missing = [...second.keys()].filter((path) => !first.has(path)).length;
  return count === 0 ? 0 : (sum + missing) / count;
}

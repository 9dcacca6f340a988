/** Whole numbers near shares. */

/** The whole parts of a total by shares, which sum to it: each within one of its share, by largest remainders. */
export function apportion(total: number, shares: readonly number[]): number[] {
  const exact = shares.map((share) => share * total);
  const counts = exact.map((value) => Math.floor(value + 1e-9));
  const order = exact.map((value, part) => [value - (counts[part] as number), part] as const);
  order.sort(([a, first], [b, second]) => b - a || first - second);
  let left = total - counts.reduce((sum, count) => sum + count, 0);
  for (const [, part] of order) if (left-- > 0) counts[part] = (counts[part] as number) + 1;
  return counts;
}

/**
 * Counts for classes (rows) and parts (columns): each within one of share × class size, rows summing to the class sizes, and columns
 * to the parts of the whole by `apportion`. There always are such: what is left over when all are rounded down is a flow of whole
 * units, found by augmenting paths. Source: L. Cox, "A constructive procedure for unbiased controlled rounding", JASA 82 (1987),
 * for the statement; R. Ford and D. Fulkerson, "Flows in networks", 1962, for the paths.
 */
export function apportionClasses(sizes: readonly number[], shares: readonly number[]): number[][] {
  const whole = apportion(
    sizes.reduce((sum, size) => sum + size, 0),
    shares,
  );
  const exact = sizes.map((size) => shares.map((share) => share * size));
  const counts = exact.map((row) => row.map((value) => Math.floor(value + 1e-9)));
  const room = whole.map((total, part) => total - counts.reduce((sum, row) => sum + (row[part] as number), 0));
  const isRounded = exact.map((row, index) =>
    row.map((value, part) => value - (counts[index]?.[part] as number) > 1e-9),
  );
  const given = counts.map((row) => row.map(() => false));
  /** Gives a class one more unit, moving those of others where that makes room. */
  const give = (index: number, visited: Set<number>): boolean => {
    for (const part of shares.keys()) {
      if (visited.has(part) || isRounded[index]?.[part] !== true || given[index]?.[part] === true) continue;
      visited.add(part);
      const own = given[index] as boolean[];
      if ((room[part] as number) > 0) {
        room[part] = (room[part] as number) - 1;
        own[part] = true;
        return true;
      }
      const other = given.findIndex((row, each) => row[part] === true && give(each, visited));
      if (other < 0) continue;
      (given[other] as boolean[])[part] = false;
      own[part] = true;
      return true;
    }
    return false;
  };
  for (const [index, size] of sizes.entries()) {
    let left = size - (counts[index] as number[]).reduce((sum, count) => sum + count, 0);
    while (left > 0 && give(index, new Set())) left--;
    // Where rounding errors left no path, the largest remainder has it.
    if (left > 0)
      counts[index] = apportion(size, shares).map((count, part) => count - (given[index]?.[part] === true ? 1 : 0));
  }
  return counts.map((row, index) => row.map((count, part) => count + (given[index]?.[part] === true ? 1 : 0)));
}

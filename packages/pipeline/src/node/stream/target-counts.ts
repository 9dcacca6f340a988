/** How many rows have each value of a target, while they come by: what classes and labels are balanced and guessed by. */
import type { Table, Target } from '@espalier/data';

/** More different values are those of a number, and nobody counts them. */
const mostValues = 1 << 16;

/** By column, how many rows have each value; null of a column of too many values. JSON. */
export type ValueCounts = Readonly<Record<string, Readonly<Record<string, number>> | null>>;

/** Counts values of columns. */
export class TargetCounts {
  readonly #counts: Map<string, Map<string, number> | null>;

  constructor(columns: readonly string[]) {
    this.#counts = new Map(columns.map((name) => [name, new Map<string, number>()]));
  }

  /** Takes rows. */
  take(table: Table): void {
    for (const [name, counts] of this.#counts) {
      if (!counts) continue;
      const column = table.select([name]);
      for (let row = 0; row < table.rows; row++) {
        const value = String(column.row(row)[name]);
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      if (counts.size > mostValues) this.#counts.set(name, null);
    }
  }

  /** All of them, as JSON. */
  toJSON(): ValueCounts {
    return Object.fromEntries([...this.#counts].map(([name, counts]) => [name, counts && Object.fromEntries(counts)]));
  }
}

/** How many rows have each class, or each label; undefined of numbers. */
export function countsOf(target: Target, counts: ValueCounts): readonly number[] | undefined {
  if (target.as === 'numbers') return undefined;
  if (target.as === 'classes') return target.classes.map((name) => counts[target.column]?.[name] ?? 0);
  return target.columns.map((name) => (counts[name]?.['true'] ?? 0) + (counts[name]?.['1'] ?? 0));
}

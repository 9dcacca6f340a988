/** Sort specs: JavaScript's own stable sort on (value, position) of each row. */
import type { SortSpec } from '../../kernel/spec.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** Interprets a stable sort of rows; NaN counts as larger than everything, and -0 as equal to 0. */
export function interpretSort(spec: SortSpec): Interpreter {
  const compare = spec.descending ? (a: number, b: number): number => ascending(b, a) : ascending;
  return (elements) => {
    const source = boundTo(elements, 0);
    const values = boundTo(elements, 1);
    const positions = boundTo(elements, 2);
    for (let row = 0; row < spec.rows; row++) {
      const start = row * spec.length;
      const entries = Array.from({ length: spec.length }, (_, position) => ({
        value: source.read(start + position),
        position,
      }));
      entries.sort((a, b) => compare(a.value, b.value));
      for (const [rank, entry] of entries.entries()) {
        values.write(start + rank, entry.value);
        positions.write(start + rank, entry.position);
      }
    }
  };
}

function ascending(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

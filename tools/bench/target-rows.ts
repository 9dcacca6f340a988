/** Rows of figures that have to stay below something, as the benchmarks of the engine's host side print them. */

/** A figure, and the most that it may be. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Absent where the row is there to compare with. */
  readonly most?: number;
}

const line = (name: string, value: string, most: string, verdict: string): string =>
  `${name.padEnd(44)}${value.padStart(14)}${most.padStart(14)}  ${verdict}`.trimEnd();

const shown = (value: number, unit: string): string => `${value.toFixed(value < 10 ? 2 : 1)} ${unit}`;

/** What stands above the rows. */
export const heading = line('', 'measured', 'at most', '');

/** A row as text, with whether it holds. */
export function rowText({ name, value, unit, most }: Row): string {
  if (most === undefined) return line(name, shown(value, unit), '', '');
  return line(name, shown(value, unit), shown(most, unit), value <= most ? 'holds' : 'falls short');
}

/** Goes through rows of claims, one after the other: what benchmarks that hold figures against targets have in common. */
import { writeWhole, type Bench } from './optimize/bench.ts';
import type { Outcome, Row } from './optimize/row.ts';

/** Which rows are measured, and where their figures go. */
export interface MeasureOptions {
  readonly bench: Bench;
  /** Names of rows. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** The file of the figures: `[{ name, value, target, holds }]`, written behind each row. */
  readonly json?: string | undefined;
}

/** Prints a row as soon as it is measured. The process ends with 1 if one does not hold. */
export async function measureRows(rows: readonly Row[], { bench, only, json }: MeasureOptions): Promise<void> {
  const measured: ({ readonly name: string; readonly target: string } & Outcome)[] = [];
  for (const { name, target, measure, missing } of rows) {
    if (only !== undefined && !only.includes(name)) continue;
    const lacking = missing?.();
    if (lacking !== undefined) {
      console.log(`skipped ${name.padEnd(32)} ${lacking} is not at hand`);
      continue;
    }
    const outcome = await measure(bench);
    measured.push({ name, target, ...outcome });
    const value = Number(outcome.value.toPrecision(3));
    console.log(`${outcome.holds ? 'holds' : 'FAILS'}  ${name.padEnd(32)} ${String(value).padStart(8)}  ${target}`);
    if (json !== undefined) writeWhole(json, `${JSON.stringify(measured, undefined, 2)}\n`);
  }
  process.exitCode = measured.every(({ holds }) => holds) ? 0 : 1;
}

/** Trials as CSV that a spreadsheet shows and does not execute. */
import { own, type Study } from '@espalier/search';
import { visible } from '../terminal/visible.ts';

type Value = string | number | boolean | null | undefined;

/** What makes a spreadsheet take a cell for a formula, in the widths that it takes for the same character. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/u;
const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;

/**
 * A text that a spreadsheet shows and does not execute: after an apostrophe, where it is no number. What would tell a
 * terminal to do something is written as its code.
 */
function harmless(text: string): string {
  // What ends a line in the texts of some systems does nothing else.
  const plain = visible(text.replaceAll('\r\n', '\n'));
  return formula.test(text) && !number.test(text) ? `'${plain}` : plain;
}

/** A cell of a CSV file (RFC 4180), in quotes also where only some spreadsheets would divide it. */
function cell(value: Value, isRaw: boolean): string {
  const plain = value === undefined || value === null ? '' : String(value);
  const text = isRaw || typeof value !== 'string' ? plain : harmless(plain);
  return /[",;\t\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The trials of a study as a table: a column for each metric and each parameter.
 * @param isRaw leaves texts as they are that a spreadsheet would execute, which else begin with an apostrophe, and controls
 */
export function csv(study: Study, isRaw = false): string {
  const flat = study.trials.map((trial) => ({ trial, active: study.space.flatten(trial.config) }));
  const metrics = [...new Set(study.trials.flatMap((trial) => Object.keys(trial.metrics)))];
  const paths = [...new Set(flat.flatMap(({ active }) => [...active.keys()]))];
  const head: readonly Value[] = [
    'number',
    'state',
    ...metrics,
    'seconds',
    'finished',
    'operator',
    'failure',
    ...paths,
  ];
  const rows = flat.map(({ trial, active }): readonly Value[] => [
    trial.number,
    trial.state,
    ...metrics.map((name) => own(trial.metrics, name)),
    trial.spent / 1000,
    trial.finishedAt === undefined ? undefined : new Date(trial.finishedAt).toISOString(),
    trial.origin.operator,
    trial.failure?.message,
    ...paths.map((path) => active.get(path)?.value),
  ]);
  return [head, ...rows].map((row) => `${row.map((value) => cell(value, isRaw)).join(',')}\r\n`).join('');
}

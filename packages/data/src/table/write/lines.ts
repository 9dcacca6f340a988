/** Rows as CSV (RFC 4180), and as JSON lines. */
import { lineWriter, type ByteSink, type RowWriter, type WrittenColumn } from './writer.ts';

/** A field of CSV, in quotes where it has to be. */
function field(value: string | number | undefined): string {
  const text = String(value);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes a line of names, and a line for each row. */
export function csvWriter(sink: ByteSink): RowWriter {
  return lineWriter(sink, {
    head: (columns) => `${columns.map(({ name }) => field(name)).join(',')}\n`,
    row: (columns) => (row) => `${columns.map(({ values }) => field(values[row])).join(',')}\n`,
  });
}

const member = ({ name, values }: WrittenColumn): ((row: number) => string) => {
  const key = JSON.stringify(name);
  return (row) => `${key}:${JSON.stringify(values[row])}`;
};

/** Writes an object for each row; numbers that JSON has no word for are null. */
export function jsonLinesWriter(sink: ByteSink): RowWriter {
  return lineWriter(sink, {
    head: () => '',
    row: (columns) => {
      const members = columns.map(member);
      return (row) => `{${members.map((each) => each(row)).join(',')}}\n`;
    },
  });
}

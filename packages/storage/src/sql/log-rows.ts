/** The log of a study as rows, read so that a gap or a damaged row is found. */
import { eventsProblem, FormatError, type StoredEvent, type StudyEvent } from '@espalier/search';
import { decode } from '../json.ts';
import { checkSum, Damage, orDamaged } from './checksum.ts';
import { numberOf, textOf, type SqlRow } from './engine.ts';

/** How many trials a whole log tells of: numbers are given out without gaps. */
export function trialsOf(events: readonly StoredEvent[]): number {
  return events.reduce((count, { event }) => ('number' in event ? Math.max(count, event.number + 1) : count), 0);
}

/** The trials that a text of events tells of, as far as it can be read, for an error. */
function trialsIn(row: SqlRow): string {
  const found = row['events'];
  const text = typeof found === 'string' ? found : found instanceof Uint8Array ? Buffer.from(found).toString() : '';
  const numbers = [
    ...new Set([...text.slice(0, 100_000).matchAll(/"number":(\d{1,15})\b/gu)].map(([, number]) => number)),
  ];
  if (numbers.length === 0) return '';
  return `, trial ${numbers.slice(0, 5).join(', ')}${numbers.length > 5 ? ' and others' : ''}`;
}

/**
 * The events of rows of `espalier_write` that come after a revision.
 * @throws {FormatError} when some are damaged or missing.
 */
export function eventsOf(shown: string, study: string, rows: readonly SqlRow[], after: number): readonly StoredEvent[] {
  let known = after;
  return rows.flatMap((row) => {
    const place =
      typeof row['revision'] === 'number' ? `revision ${row['revision']}` : `what follows revision ${known}`;
    const { last, events } = orDamaged(shown, `the events of study '${study}' at ${place}${trialsIn(row)}`, () => {
      const revision = numberOf(row, 'revision');
      const text = textOf(row, 'events');
      checkSum(row, 'checksum', revision, text);
      const value = decode(text);
      const problem = eventsProblem(value);
      if (problem !== undefined) throw new Damage(`an event ${problem}`);
      return { last: revision, events: value as readonly StudyEvent[] };
    });
    const before = last - events.length;
    // The first row may hold some that were asked for before.
    if (before > known || last <= known) {
      const problem = `study '${study}' has revision ${before + 1} after ${known}, so rows are missing`;
      throw new FormatError(shown, 0, `${problem}: restore the database from a copy`);
    }
    known = last;
    return events
      .map((event, index) => ({ revision: before + index + 1, event }))
      .filter(({ revision }) => revision > after);
  });
}

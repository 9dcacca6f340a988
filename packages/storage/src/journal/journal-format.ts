/** The format of a journal: JSON lines with checksums, which people can read and mend with a text editor. */
import { FormatError, quote, type LogEntry, type LogStorageOptions } from '@espalier/search';
import { decode, encode } from '../json.ts';
import { crc32 } from './crc32.ts';

/** What a journal's bytes say. */
export interface JournalContent {
  readonly entries: readonly { readonly line: number; readonly entry: LogEntry }[];
  /** How many bytes are whole lines; what follows was never finished writing. */
  readonly length: number;
}

const format = 'espalier-journal';
const version = 1;

/** The first line of every journal. */
export const journalHeader: string = `${JSON.stringify({ format, version })}\n`;

const newline = 0x0a;
/** A line is `{"crc":"89abcdef",` and the rest, which is what the checksum covers. */
const restStart = '{"crc":"00000000",'.length;

function checksum(rest: Uint8Array): string {
  return crc32(rest).toString(16).padStart(8, '0');
}

/** An entry as a line of the journal. */
export function writeEntry(entry: LogEntry): string {
  const rest = encode(entry).slice(1);
  return `{"crc":"${checksum(Buffer.from(rest))}",${rest}\n`;
}

function remedy(file: string, line: number): string {
  return `restore the file from a copy, or keep what precedes the damage: head -n ${line - 1} '${file}' > recovered.jsonl`;
}

function readHeader(file: string, line: Buffer): void {
  let header: { readonly format?: unknown; readonly version?: unknown } | null | undefined;
  try {
    header = JSON.parse(line.toString()) as typeof header;
  } catch {
    header = undefined;
  }
  if (header?.format !== format) {
    throw new FormatError(
      file,
      1,
      `this is not an ${format}: its first line must be ${journalHeader.trim()}; name another file`,
    );
  }
  if (header.version !== version) {
    const found = quote(header.version);
    throw new FormatError(
      file,
      1,
      `the journal has version ${found} and this package reads ${version}: use the release that wrote it`,
    );
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}

function readLine(file: string, number: number, line: Buffer): LogEntry {
  const rest = line.subarray(restStart);
  const expected = `{"crc":"${checksum(rest)}",`;
  if (line.subarray(0, restStart).toString('latin1') !== expected) {
    throw new FormatError(file, number, `the checksum does not match, so the line is damaged: ${remedy(file, number)}`);
  }
  try {
    return decode(`{${rest.toString()}`) as LogEntry;
  } catch (error) {
    throw new FormatError(file, number, `the line is no entry (${firstLine(error)}): ${remedy(file, number)}`);
  }
}

/**
 * Reads a journal. A last line without its end is what a killed writer leaves; it was never acknowledged, and is left
 * out. Anything else that cannot be read is damage.
 * @throws {FormatError} with the file, the line and what can be done.
 */
export function readJournal(file: string, bytes: Buffer): JournalContent {
  const entries: { line: number; entry: LogEntry }[] = [];
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(newline, start);
    if (end < 0) {
      const tail = bytes.subarray(start);
      if (line === 1 && !Buffer.from(journalHeader).subarray(0, tail.length).equals(tail)) readHeader(file, tail);
      return { entries, length: start };
    }
    const content = bytes.subarray(start, end);
    if (line === 1) readHeader(file, content);
    else entries.push({ line, entry: readLine(file, line, content) });
    start = end + 1;
  }
}

/** What a journal holds, and the error for lines that do not follow from each other. */
export function contentOf(file: string, { entries }: JournalContent): Pick<LogStorageOptions, 'entries' | 'damaged'> {
  return {
    entries: entries.map(({ entry }) => entry),
    damaged: (index, found) => {
      const line = entries[index]?.line ?? 0;
      return new FormatError(file, line, `${found}: ${remedy(file, line)}`);
    },
  };
}

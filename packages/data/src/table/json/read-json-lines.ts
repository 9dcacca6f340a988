/** JSON lines as tables: an object on each line, whose keys are columns. */
import { FormatError } from '@espalier/nn';
import { aByteSource, checkJsonMemory, piecesOf, type ByteSource } from '@espalier/nn/format';
import { brief, check } from '@espalier/tensor/arguments';
import { textOrPlace } from '../../bytes/utf8.ts';
import { CellsBuilder } from '../cells-builder.ts';
import { Table } from '../table.ts';

const lineFeed = 10;
const pieceBytes = 1 << 20;
const longestLine = 1 << 26;

/** A table has at most so many cells for each byte of its file, so that lines of ever new keys do not take all memory. */
const mostCellsPerByte = 4;
const freeCells = 1 << 16;

/** A line, and where it begins. */
interface Line {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/**
 * Lines of a source, without their ends.
 * @throws {FormatError} for a line that is too long.
 */
async function* linesOf(source: ByteSource): AsyncGenerator<Line> {
  let waiting: Uint8Array[] = [];
  let [offset, length] = [0, 0];
  const take = (last: Uint8Array): Line => {
    const bytes = new Uint8Array(length + last.length);
    let at = 0;
    for (const part of [...waiting, last]) {
      bytes.set(part, at);
      at += part.length;
    }
    const line = { bytes, offset };
    offset += bytes.length + 1;
    [waiting, length] = [[], 0];
    return line;
  };
  for await (const piece of piecesOf(source, pieceBytes)) {
    let start = 0;
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, start)) {
      yield take(piece.subarray(start, end));
      start = end + 1;
    }
    waiting.push(piece.subarray(start));
    length += piece.length - start;
    if (length > longestLine)
      throw new FormatError(source.name, offset, `a line from here on is longer than ${longestLine} bytes`);
  }
  if (length > 0) yield take(new Uint8Array(0));
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 32 || byte === 9 || byte === 13);

/** @throws {FormatError} for a line that is no object. */
function recordOf(source: ByteSource, row: number, { bytes, offset }: Line): Readonly<Record<string, unknown>> {
  const start = offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const text = textOrPlace(bytes, start);
  if (typeof text === 'number')
    throw new FormatError(source.name, offset + text, `row ${row}: a byte of ${bytes[text]} is not UTF-8 here`);
  checkJsonMemory(text, source.name, offset, source.size);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError(source.name, offset, `row ${row} is no JSON: ${brief(text)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormatError(source.name, offset, `row ${row} is no object { "column": value, … }: ${brief(text)}`);
  return value as Readonly<Record<string, unknown>>;
}

/**
 * A file of JSON lines as a table. What a line has not, and null, is missing; a column's values are of one type.
 * @throws {FormatError} with the offset of a line that is no object, and where keys differ from line to line without end.
 * @throws {DataError} naming row and column of a value that is none, or of another type than those before it.
 *
 * @example
 * const table = await readJsonLines(bytesOf(bytes));
 */
export async function readJsonLines(source: ByteSource): Promise<Table> {
  check('readJsonLines', 'source', source, aByteSource);
  const columns = new Map<string, CellsBuilder>();
  let rows = 0;
  for await (const line of linesOf(source)) {
    if (isBlank(line.bytes)) continue;
    const record = recordOf(source, rows + 1, line);
    for (const name of Object.keys(record)) {
      let column = columns.get(name);
      if (!column) columns.set(name, (column = new CellsBuilder(source.name, name)));
      column.fill(rows);
      column.push(record[name]);
    }
    rows++;
    if (columns.size * rows > mostCellsPerByte * source.size + freeCells)
      throw new FormatError(
        source.name,
        line.offset,
        `row ${rows}: keys differ from line to line, ${columns.size} until here; give objects of the same keys`,
      );
  }
  if (rows === 0) throw new FormatError(source.name, 0, 'has no line; give a file with an object on each');
  const filled = [...columns].map(([name, column]) => {
    column.fill(rows);
    return [name, column.finish()] as const;
  });
  return new Table(new Map(filled), source.name, rows);
}

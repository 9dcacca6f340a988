/**
 * Tensors that lie in a file in another way than they are computed with: several as the rows of one, transposed, or with their
 * rows in another order. Seen from either side they are files of tensors again, read by range.
 */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { showShape } from '@espalier/tensor/arguments';
import type { Shape } from '@espalier/tensor';
import { fileDType } from './dtypes.ts';
import { entryOf } from './read-tensor.ts';
import type { TensorEntry, TensorSource } from './tensor-source.ts';

/** Where a tensor is in a file. */
export interface TensorPart {
  /** Of the tensor of the file. */
  readonly name: string;
  /** Which of its rows it is, after transposing: the first, and how many. Default: all. */
  readonly rows?: readonly [begin: number, count: number];
  /** Whether the file has it transposed. */
  readonly transposed?: boolean;
  /** Whether the file has an axis of size 1 before the others. */
  readonly isBatch?: boolean;
  /** Of so many heads, the file has the rows of the two halves of each in turn: row 2i + s there is row s · half + i here. */
  readonly turnedHeads?: number;
}

/** Parts by the names of their tensors. */
export type TensorParts = ReadonlyMap<string, TensorPart>;

type Range = { readonly begin: number; readonly end: number } | undefined;
type Bytes = Uint8Array<ArrayBuffer>;

/** A view of a file: entries, and how the bytes of each are read. */
function viewOf(
  source: TensorSource,
  tensors: ReadonlyMap<string, TensorEntry>,
  /** May read into the buffer, which has room for the bytes that are asked for. */
  readOf: (name: string, begin: number, end: number, reuse: ArrayBuffer | undefined) => Promise<Bytes>,
  ties: TensorSource['ties'],
): TensorSource {
  return {
    format: source.format,
    name: source.name,
    tensors,
    ties,
    metadata: source.metadata,
    read: async (name, range: Range, reuse) => {
      const { bytes } = entryOf({ ...source, tensors }, name);
      const { begin, end } = range ?? { begin: 0, end: bytes };
      const read = await readOf(name, begin, end, reuse);
      if (!reuse || (read.buffer === reuse && read.byteOffset === 0)) return read;
      const into = new Uint8Array(reuse, 0, read.length);
      into.set(read);
      return into;
    },
    close: () => source.close(),
  };
}

/** Bytes of a row of a tensor. */
const rowBytes = ({ shape, bytes }: TensorEntry): number => bytes / (shape[0] ?? 1);

/** What a tensor is that lies in the file as a part says. */
function entryOfPart(
  source: TensorSource,
  own: string,
  { name, rows, isBatch, transposed: isTransposed }: TensorPart,
): TensorEntry {
  const entry = entryOf(source, name);
  const { dtype } = entry;
  const kind = fileDType(dtype);
  const refuse = (why: string): never => {
    throw new FormatError(source.name, 0, `${showName(name)} is ${dtype} ${showShape(entry.shape)}, ${why}`);
  };
  if (isTransposed && (entry.shape.length !== 2 || !kind || kind.elements > 1 || kind.bits % 8 !== 0))
    return refuse('which cannot be transposed: give it as a matrix of floats');
  if (isBatch && entry.shape[0] !== 1) return refuse('which has not 1 before its other axes');
  const shape: Shape = isBatch ? entry.shape.slice(1) : isTransposed ? entry.shape.toReversed() : entry.shape;
  if (!rows) return { dtype, shape, bytes: entry.bytes };
  const [begin, count] = rows;
  if (begin + count > (shape[0] ?? 0))
    return refuse(`which has no rows ${begin} to ${begin + count}, where ${showName(own)} is`);
  return { dtype, shape: [count, ...shape.slice(1)], bytes: (entry.bytes / (shape[0] as number)) * count };
}

/** Rows of a matrix in the order of its columns. */
function transposed(bytes: Uint8Array, rows: number, columns: number, itemBytes: number): Bytes {
  const out = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let byte = 0; byte < itemBytes; byte++)
        out[(column * rows + row) * itemBytes + byte] = bytes[(row * columns + column) * itemBytes + byte] as number;
  return out;
}

/**
 * Brings the rows of heads into their order, in place: those of two halves in turn one half behind the other, which is undone, or
 * the other way round.
 */
function turn(bytes: Bytes, headRows: number, rowSize: number, isUndone: boolean): Bytes {
  const held = new Uint8Array(headRows * rowSize);
  const half = headRows / 2;
  for (let head = 0; head < bytes.length; head += held.length) {
    held.set(bytes.subarray(head, head + held.length));
    for (let row = 0; row < headRows; row++) {
      const other = 2 * (row % half) + Math.floor(row / half);
      const [from, to] = isUndone ? [other, row] : [row, other];
      bytes.set(held.subarray(from * rowSize, (from + 1) * rowSize), head + to * rowSize);
    }
  }
  return bytes;
}

/** Rows of a head, which has two halves. */
function headRowsOf(source: TensorSource, name: string, shape: Shape, heads: number): number {
  const rows = (shape[0] ?? 0) / heads;
  if (Number.isInteger(rows / 2)) return rows;
  throw new FormatError(
    source.name,
    0,
    `${showName(name)} ${showShape(shape)} has not the rows of ${heads} heads of two halves`,
  );
}

/**
 * Tensors by the names of a model out of a file that has them as parts say.
 * @throws {FormatError} for a tensor that is not there or does not fit.
 */
export function partSource(source: TensorSource, parts: TensorParts): TensorSource {
  const entries = new Map([...parts].map(([own, part]) => [own, entryOfPart(source, own, part)] as const));
  const read: Parameters<typeof viewOf>[2] = async (own, begin, end, reuse) => {
    const part = parts.get(own) as TensorPart;
    const entry = entries.get(own) as TensorEntry;
    const first = part.rows?.[0] ?? 0;
    const row = rowBytes(entry);
    if (part.transposed) {
      const { shape } = entryOf(source, part.name);
      const [rows = 0, columns = 0] = shape;
      const whole = transposed(await source.read(part.name), rows, columns, row / rows);
      return whole.slice(first * row + begin, first * row + end);
    }
    const at = first * row;
    if (part.turnedHeads === undefined) return source.read(part.name, { begin: at + begin, end: at + end }, reuse);
    const headRows = headRowsOf(source, part.name, entry.shape, part.turnedHeads);
    const head = headRows * row;
    const [from, to] = [Math.floor(begin / head) * head, Math.ceil(end / head) * head];
    const room = reuse && reuse.byteLength >= to - from ? reuse : undefined;
    const heads = await source.read(part.name, { begin: at + from, end: at + to }, room);
    return turn(heads, headRows, row, true).subarray(begin - from, end - from);
  };
  return viewOf(source, entries, read, new Map());
}

/**
 * The other way round: tensors by the names of a file, of those of a model; whoever reads one has all of it in memory.
 * @throws {FormatError} where parts of one tensor are of different dtypes, or are not all of it.
 */
export function joinedSource(source: TensorSource, parts: TensorParts): TensorSource {
  const members = new Map<string, (readonly [own: string, part: TensorPart])[]>();
  for (const [own, part] of parts) members.set(part.name, [...(members.get(part.name) ?? []), [own, part]]);
  for (const each of members.values()) each.sort(([, a], [, b]) => (a.rows?.[0] ?? 0) - (b.rows?.[0] ?? 0));
  const entries = new Map([...members].map(([name, each]) => [name, joinedEntry(source, name, each)] as const));
  const make = async (name: string): Promise<Bytes> => {
    const { bytes, shape } = entries.get(name) as TensorEntry;
    const out = new Uint8Array(bytes);
    let at = 0;
    let isTransposed = false;
    for (const [own, part] of members.get(name) ?? []) {
      const entry = entryOf(source, own);
      const values = await source.read(own);
      const heads = part.turnedHeads;
      out.set(values, at);
      if (heads !== undefined) {
        const rows = out.subarray(at, at + values.length);
        turn(rows, headRowsOf(source, own, entry.shape, heads), rowBytes(entry), false);
      }
      at += values.length;
      isTransposed = part.transposed === true;
    }
    const [rows = 1, columns = 1] = shape;
    return isTransposed ? transposed(out, columns, rows, bytes / (rows * columns)) : out;
  };
  let last: { readonly name: string; readonly bytes: Promise<Bytes> } | undefined;
  const read = async (name: string, begin: number, end: number): Promise<Bytes> => {
    if (last?.name !== name) last = { name, bytes: make(name) };
    return (await last.bytes).slice(begin, end);
  };
  return viewOf(source, entries, read, new Map());
}

function joinedEntry(
  source: TensorSource,
  name: string,
  members: readonly (readonly [string, TensorPart])[],
): TensorEntry {
  const entries = members.map(([own]) => entryOf(source, own));
  const [{ dtype, shape }] = entries as [TensorEntry];
  let rows = 0;
  for (const [index, [own, part]] of members.entries()) {
    const entry = entries[index] as TensorEntry;
    if (entry.dtype !== dtype || (part.rows?.[0] ?? 0) !== rows)
      throw new FormatError(
        source.name,
        0,
        `${showName(own)} is ${entry.dtype} ${showShape(entry.shape)}, and ${showName(name)} is made of ${dtype} without a gap; convert all of its parts to one dtype`,
      );
    rows += entry.shape[0] ?? 1;
  }
  const whole: Shape = members.length === 1 ? shape : [rows, ...shape.slice(1)];
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const [[, first]] = members as [readonly [string, TensorPart]];
  return { dtype, shape: first.isBatch ? [1, ...whole] : first.transposed ? whole.toReversed() : whole, bytes };
}

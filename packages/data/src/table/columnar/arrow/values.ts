/** The values of columns in batches, and of dictionaries. Source: "Arrow columnar format", Apache Arrow. */
import { textOrPlace } from '../../../bytes/utf8.ts';
import type { ArrowBatch } from './batch.ts';
import type { ArrowField } from './schema.ts';
import type { ArrowType, FixedType } from './types.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const bitAt = (bits: Uint8Array, index: number): number => ((bits[index >> 3] as number) >> (index & 7)) & 1;
const bitBytes = (count: number): number => Math.ceil(count / 8);

/** Whether each value is there, as bits; undefined where all are. */
function validity(batch: ArrowBatch, missing: number): Uint8Array | undefined {
  const bits = batch.buffer(bitBytes(batch.length), true);
  if (bits.length === 0 && missing === 0) return undefined;
  if (bits.length === 0) batch.refuse(`has ${missing} missing values and does not say which`);
  let there = 0;
  for (let row = 0; row < batch.length; row++) there += bitAt(bits, row);
  if (batch.length - there !== missing)
    batch.refuse(`says that ${missing} values are missing, and then that ${batch.length - there} are`);
  return missing === 0 ? undefined : bits;
}

/** The value of a row; asked for once, row after row, so that none but the buffers is held. */
type ValueAt = (row: number) => unknown;

/** Null where a value is missing. */
function valuesBy(bits: Uint8Array | undefined, valueAt: ValueAt): ValueAt {
  return bits ? (row) => (bitAt(bits, row) === 1 ? valueAt(row) : null) : valueAt;
}

function text(batch: ArrowBatch, bytes: Uint8Array, start: number, end: number): string {
  const decoded = textOrPlace(bytes, start, end);
  return typeof decoded === 'string' ? decoded : batch.refuse('has a text that is not UTF-8');
}

function fixedValues(batch: ArrowBatch, { bytes, at }: FixedType): ValueAt {
  const bits = validity(batch, batch.node());
  const view = viewOf(batch.buffer(bytes * batch.length));
  return valuesBy(bits, (row) => at(view, bytes * row) ?? batch.refuse('has a time that no calendar has'));
}

function textValues(batch: ArrowBatch, width: 4 | 8): ValueAt {
  const bits = validity(batch, batch.node());
  // Of no rows some writers have no offset at all.
  const view = viewOf(batch.buffer(batch.length === 0 ? 0 : width * (batch.length + 1)));
  const offsets = new Float64Array(batch.length === 0 ? 0 : batch.length + 1);
  let before = 0;
  for (let index = 0; index < offsets.length; index++) {
    const at = width * index;
    const offset = width === 4 ? view.getInt32(at, true) : Number(view.getBigInt64(at, true));
    if (!(offset >= before && Number.isSafeInteger(offset)))
      batch.refuse(`has a text that ends at ${offset} and begins at ${before}`);
    offsets[index] = before = offset;
  }
  const bytes = batch.buffer(before);
  return valuesBy(bits, (row) => text(batch, bytes, offsets[row] as number, offsets[row + 1] as number));
}

const viewBytes = 16;
/** Texts of so many bytes stand in the view itself. */
const mostInView = 12;

function viewValues(batch: ArrowBatch): ValueAt {
  const bits = validity(batch, batch.node());
  const views = batch.buffer(viewBytes * batch.length);
  const view = viewOf(views);
  // What each of the texts' buffers needs is what the views of it say.
  const ends = new Array<number>(batch.variadic()).fill(0);
  const isThere = (row: number): boolean => !bits || bitAt(bits, row) === 1;
  for (let at = 0; at < viewBytes * batch.length; at += viewBytes) {
    if (!isThere(at / viewBytes)) continue;
    const length = view.getInt32(at, true);
    if (length < 0) batch.refuse(`has a text of ${length} bytes`);
    if (length <= mostInView) continue;
    const [buffer, offset] = [view.getInt32(at + 8, true), view.getInt32(at + 12, true)];
    const end = ends[buffer];
    if (end === undefined || offset < 0) return batch.refuse(`has a text at ${offset} of buffer ${buffer}`);
    ends[buffer] = Math.max(end, offset + length);
  }
  const buffers = ends.map((end) => batch.buffer(end));
  // Texts that several rows share are made once; what overlaps otherwise would take more than the buffers have.
  const known = new Map<string, string>();
  let left = buffers.reduce((sum, { length }) => sum + length, 0);
  return valuesBy(bits, (row) => {
    const at = viewBytes * row;
    const length = view.getInt32(at, true);
    if (length <= mostInView) return text(batch, views, at + 4, at + 4 + length);
    const [buffer, offset] = [view.getInt32(at + 8, true), view.getInt32(at + 12, true)];
    const key = `${buffer}:${offset}:${length}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    left -= length;
    if (left < 0) batch.refuse('has texts that overlap');
    const made = text(batch, buffers[buffer] as Uint8Array, offset, offset + length);
    known.set(key, made);
    return made;
  });
}

/** The values of the next column of a batch that are of a type. */
function valuesOf(batch: ArrowBatch, type: ArrowType): ValueAt {
  if (type.layout === 'fixed') return fixedValues(batch, type);
  if (type.layout === 'text') return textValues(batch, type.offsetBytes);
  if (type.layout === 'view') return viewValues(batch);
  const missing = batch.node();
  if (type.layout === 'null') return () => null;
  const bits = validity(batch, missing);
  const truths = batch.buffer(bitBytes(batch.length));
  return valuesBy(bits, (row) => bitAt(truths, row) === 1);
}

/** All values of a dictionary. */
export function readValues(batch: ArrowBatch, type: ArrowType): unknown[] {
  const valueAt = valuesOf(batch, type);
  return Array.from({ length: batch.length }, (_, row) => valueAt(row));
}

/** Takes the values of the next column of a batch, which may be those of a dictionary. */
export function readColumn(
  batch: ArrowBatch,
  field: ArrowField,
  dictionaries: ReadonlyMap<bigint, readonly unknown[]>,
  take: (value: unknown) => void,
): void {
  const { dictionary, type } = field;
  const valueAt = valuesOf(batch, dictionary?.index ?? type);
  const known = dictionary && (dictionaries.get(dictionary.id) ?? []);
  for (let row = 0; row < batch.length; row++) {
    const own = valueAt(row);
    if (!known || own === null) {
      take(own);
      continue;
    }
    const value = known[Number(own)];
    if (value === undefined) batch.refuse(`names value ${Number(own)} of a dictionary of ${known.length}`);
    take(value);
  }
}

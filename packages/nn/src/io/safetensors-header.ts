/**
 * The header of a safetensors file, apart from the values: what is needed to read and write files by range.
 * Source: Hugging Face, "safetensors", format description (2022), https://github.com/huggingface/safetensors.
 */
import type { DType, Shape } from '@espalier/tensor';
import { show, showName } from '../config/fields.ts';
import { FormatError } from '../errors.ts';
import { isRecord } from '../json.ts';
import { duplicateKey } from './duplicate-key.ts';
import { foreignBits } from './foreign-bits.ts';
import { checkJsonMemory } from './json-memory.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/** A dtype of the format. */
interface Kind {
  readonly name: string;
  /** That of the engine; undefined for a foreign one. */
  readonly dtype: DType | undefined;
  /** Of an element; 0 where it is not known. */
  readonly bits: number;
}

const kinds: readonly (Kind & { readonly dtype: DType })[] = [
  { name: 'F64', dtype: 'f64', bits: 64 },
  { name: 'F32', dtype: 'f32', bits: 32 },
  { name: 'F16', dtype: 'f16', bits: 16 },
  { name: 'BF16', dtype: 'bf16', bits: 16 },
  { name: 'I32', dtype: 'i32', bits: 32 },
  { name: 'U32', dtype: 'u32', bits: 32 },
  { name: 'I8', dtype: 'i8', bits: 8 },
  { name: 'U8', dtype: 'u8', bits: 8 },
  { name: 'BOOL', dtype: 'bool', bits: 8 },
];

const kindOfName = new Map<unknown, Kind>(kinds.map((kind) => [kind.name, kind]));
const kindOfDType = new Map<string, Kind>(kinds.map((kind) => [kind.dtype, kind]));

/** A dtype that the engine has not, perhaps one that came into the format after this was written. */
function foreignKind(name: unknown): Kind | undefined {
  if (typeof name !== 'string' || kindOfName.has(name) || !/^[A-Z][A-Z0-9_]{0,31}$/u.test(name)) return undefined;
  return { name, dtype: undefined, bits: Object.hasOwn(foreignBits, name) ? (foreignBits[name] as number) : 0 };
}

/** What a tensor takes; undefined for dtypes whose size is not known. */
function bytesOf({ bits }: Kind, shape: Shape): number | undefined {
  return bits === 0 ? undefined : shape.reduce((product, size) => product * size, bits) / 8;
}

/** No header is larger, so that a broken length cannot ask for all memory. The format's own limit. */
const maxHeaderBytes = 100_000_000;
/** The length of the header comes first, as little-endian u64. */
export const safetensorsLengthBytes = 8;
const metadataKey = '__metadata__';

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** What the header says of a tensor. */
export interface SafetensorsEntry {
  readonly name: string;
  /** As the file names it: `F32`, `I64`. */
  readonly dtype: string;
  /** The same of the engine; undefined where it has none. */
  readonly own: DType | undefined;
  readonly shape: Shape;
  /** Where its values begin and end, from the end of the header on. */
  readonly from: number;
  readonly to: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  /** In the order of the header, which need not be that of the values. */
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is to be written of a tensor, besides its values. */
export interface SafetensorsPart {
  /** Of the engine, or as files name it. */
  readonly dtype: string;
  readonly shape: Shape;
  readonly bytes: number;
}

/**
 * The beginning of a file, up to the values, and the names of the tensors in the order in which these follow: wide dtypes
 * first, which keeps every value aligned, then by name.
 * @throws {FormatError} if bytes and shape of a tensor do not fit, and for metadata that are no texts.
 */
export function safetensorsHeader(
  parts: ReadonlyMap<string, SafetensorsPart>,
  metadata: Readonly<Record<string, string>> = {},
): { readonly header: Uint8Array<ArrayBuffer>; readonly order: readonly string[]; readonly valueBytes: number } {
  const entries = [...parts].map(([name, part]) => {
    const kind = kindOfDType.get(part.dtype) ?? kindOfName.get(part.dtype) ?? foreignKind(part.dtype);
    if (!kind || name === metadataKey)
      throw new FormatError(
        'safetensors',
        0,
        `'${name}' of dtype ${part.dtype} cannot be stored; use another name or dtype`,
      );
    const needed = bytesOf(kind, part.shape);
    if (needed !== undefined && needed !== part.bytes)
      throw new FormatError(
        'safetensors',
        0,
        `'${name}' has ${part.bytes} bytes; ${part.dtype} [${part.shape.join(', ')}] takes ${needed}`,
      );
    return [name, { ...part, kind }] as const;
  });
  entries.sort((a, b) => b[1].kind.bits - a[1].kind.bits || byName(a, b));
  let end = 0;
  const described = entries.map(([name, { kind, shape, bytes }]) => {
    const start = end;
    end += bytes;
    return [name, { dtype: kind.name, shape: [...shape], data_offsets: [start, end] }] as const;
  });
  readMetadata(metadata, 'safetensors');
  const notes = Object.entries(metadata).toSorted(byName);
  const fields = [...(notes.length > 0 ? [[metadataKey, Object.fromEntries(notes)] as const] : []), ...described];
  // Written by hand: an object would reorder names that look like array indices, such as '0'.
  const text = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const json = encodeUtf8(text);
  const headerLength = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(safetensorsLengthBytes + headerLength).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerLength), true);
  header.set(json, safetensorsLengthBytes);
  return { header, order: entries.map(([name]) => name), valueBytes: end };
}

/**
 * How long the header of a file is, by its first bytes (8; fewer where it has fewer) and its size.
 * @throws {FormatError} where it cannot be that long.
 */
export function safetensorsHeaderLength(head: Uint8Array, size: number, source = 'safetensors'): number {
  if (size < safetensorsLengthBytes || head.length < safetensorsLengthBytes)
    throw new FormatError(
      source,
      size,
      `the file ends after ${size} bytes; the header's length alone takes ${safetensorsLengthBytes}`,
    );
  const length = Number(new DataView(head.buffer, head.byteOffset, safetensorsLengthBytes).getBigUint64(0, true));
  if (length > maxHeaderBytes || length > size - safetensorsLengthBytes)
    throw new FormatError(
      source,
      0,
      `the header claims ${length} bytes, but ${size - safetensorsLengthBytes} follow (and ${maxHeaderBytes} is the limit); the file is damaged or no safetensors file`,
    );
  return length;
}

/**
 * Reads a header, which `available` bytes of values follow.
 * @throws {FormatError} naming the offset, unless it is sound and the values fill the rest of the file without gap or overlap.
 */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  available: number,
  source = 'safetensors',
): SafetensorsHeader {
  const fields = parseJson(bytes, available, source);
  // One after the other: of a header of many names, lists of all would take more memory than the header.
  const entries: SafetensorsEntry[] = [];
  for (const name of Object.keys(fields))
    if (name !== metadataKey) entries.push(readEntry(name, fields[name], available, source));
  const notes = Object.hasOwn(fields, metadataKey) ? fields[metadataKey] : {};
  checkCoverage(entries, available, safetensorsLengthBytes + bytes.length, source);
  return { entries, metadata: readMetadata(notes, source) };
}

function parseJson(bytes: Uint8Array, available: number, source: string): Readonly<Record<string, unknown>> {
  const fail = (problem: string): never => {
    throw new FormatError(source, safetensorsLengthBytes, problem);
  };
  const text = decodeUtf8(bytes) ?? fail('the header is no UTF-8 text');
  if (!text.startsWith('{')) fail("the header does not start with '{'");
  checkJsonMemory(text, source, safetensorsLengthBytes, bytes.length + available);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    fail(`the header is no JSON: ${(error as Error).message}`);
  }
  if (!isRecord(parsed)) return fail('the header is no JSON object');
  const repeated = duplicateKey(text);
  if (repeated)
    throw new FormatError(
      source,
      safetensorsLengthBytes + encodeUtf8(text.slice(0, repeated.position)).length,
      `the header has the key ${showName(repeated.key)} twice`,
    );
  return parsed;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readEntry(name: string, entry: unknown, available: number, source: string): SafetensorsEntry {
  const fail = (problem: string): never => {
    throw new FormatError(source, safetensorsLengthBytes, `${showName(name)}: ${problem}`);
  };
  if (!isRecord(entry)) return fail('is no object');
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  if (Object.keys(others).length > 0) fail(`has unknown fields ${show(Object.keys(others))}`);
  const kind = kindOfName.get(dtype) ?? foreignKind(dtype) ?? fail(`dtype ${show(dtype)} is no name of a dtype`);
  if (!Array.isArray(shape) || !shape.every(isSize)) return fail('the shape is no list of sizes');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    return fail('data_offsets is no pair of offsets');
  const [from, to] = offsets as [number, number];
  const needed = bytesOf(kind, shape);
  if (to > available || from > to)
    fail(`data_offsets [${from}, ${to}] do not lie within the ${available} bytes of values`);
  if (needed !== undefined && to - from !== needed)
    fail(`${kind.name} ${show(shape)} takes ${needed} bytes, not ${to - from}`);
  return { name, dtype: kind.name, own: kind.dtype, shape, from, to };
}

/** The values must lie side by side and fill the file: what nobody describes could be anything. */
function checkCoverage(entries: readonly SafetensorsEntry[], available: number, start: number, source: string): void {
  let end = 0;
  for (const { name, from, to } of entries.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end)
      throw new FormatError(
        source,
        start + Math.min(from, end),
        `${showName(name)} starts at ${from} of the values, where ${end} was expected: ${from < end ? 'tensors overlap' : 'there is a gap'}`,
      );
    end = to;
  }
  if (end !== available) throw new FormatError(source, start + end, `${available - end} bytes follow the last tensor`);
}

function readMetadata(notes: unknown, source: string): Readonly<Record<string, string>> {
  if (!isRecord(notes) || !Object.values(notes).every((value) => typeof value === 'string'))
    throw new FormatError(source, safetensorsLengthBytes, `${metadataKey} must map names to texts`);
  return notes as Readonly<Record<string, string>>;
}

/**
 * The safetensors format: the length of the header as little-endian u64, a JSON header, the values.
 * Source: Hugging Face, "safetensors", format description (2022), https://github.com/huggingface/safetensors.
 */
import type { DType, Shape } from '@espalier/tensor';
import { aDType, aText, check, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { aByteArray, mapOf } from '../config/rules.ts';
import { show, showName } from '../config/fields.ts';
import { FormatError } from '../errors.ts';
import { isRecord } from '../json.ts';
import { duplicateKey } from './duplicate-key.ts';
import { aForeignTensor, foreignBits, type ForeignTensor } from './foreign.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/** Raw values: row-major, little-endian, 16-bit floats as patterns, bool as bytes 0 and 1. */
export interface RawTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** Raw values of a dtype of the engine. */
export const aRawTensor: Rule<RawTensor> = ruleOf(
  'raw values { dtype, shape, bytes }',
  (value) => aForeignTensor.holds(value) && aDType.holds(value.dtype),
);

/** What a file holds. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, RawTensor>;
  /** Tensors of dtypes that the engine has not, as they are. */
  readonly foreign: ReadonlyMap<string, ForeignTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

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
const lengthBytes = 8;
const metadataKey = '__metadata__';

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

/**
 * The bytes of a file. The same tensors and metadata give the same bytes, whatever their order: wide dtypes first,
 * which keeps every value aligned, then by name. Foreign tensors are written as they were read.
 * @throws {FormatError} if bytes and shape of a tensor do not fit, and for metadata that are no texts.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, RawTensor | ForeignTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  check('encodeSafetensors', 'tensors', tensors, mapOf<RawTensor | ForeignTensor>(aForeignTensor));
  const entries = [...tensors].map(([name, tensor]) => {
    const kind = kindOfDType.get(tensor.dtype) ?? foreignKind(tensor.dtype);
    if (!kind || name === metadataKey)
      throw new FormatError(
        'safetensors',
        0,
        `'${name}' of dtype ${tensor.dtype} cannot be stored; use another name or dtype`,
      );
    const needed = bytesOf(kind, tensor.shape);
    if (needed !== undefined && needed !== tensor.bytes.length)
      throw new FormatError(
        'safetensors',
        0,
        `'${name}' has ${tensor.bytes.length} bytes; ${tensor.dtype} [${tensor.shape.join(', ')}] takes ${needed}`,
      );
    return [name, { ...tensor, kind }] as const;
  });
  entries.sort((a, b) => b[1].kind.bits - a[1].kind.bits || byName(a, b));
  let end = 0;
  const described = entries.map(([name, { kind, shape, bytes }]) => {
    const start = end;
    end += bytes.length;
    return [name, { dtype: kind.name, shape: [...shape], data_offsets: [start, end] }] as const;
  });
  readMetadata(metadata, 'safetensors');
  const notes = Object.entries(metadata).toSorted(byName);
  const fields = [...(notes.length > 0 ? [[metadataKey, Object.fromEntries(notes)] as const] : []), ...described];
  // Written by hand: an object would reorder names that look like array indices, such as '0'.
  const text = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const header = encodeUtf8(text);
  const headerLength = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(lengthBytes + headerLength + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, lengthBytes, lengthBytes + headerLength);
  file.set(header, lengthBytes);
  let position = lengthBytes + headerLength;
  for (const [, { bytes }] of entries) {
    file.set(bytes, position);
    position += bytes.length;
  }
  return file;
}

/**
 * Reads the bytes of a file; `source` names it in errors. Values are not copied.
 * @throws {FormatError} naming the offset, unless the header is sound and the values fill the rest of the file without
 * gap or overlap.
 */
export function decodeSafetensors(file: Uint8Array, source = 'safetensors'): Safetensors {
  check('decodeSafetensors', 'file', file, aByteArray);
  check('decodeSafetensors', 'source', source, aText);
  if (file.length < lengthBytes)
    throw new FormatError(
      source,
      file.length,
      `the file ends after ${file.length} bytes; the header's length alone takes ${lengthBytes}`,
    );
  const length = Number(new DataView(file.buffer, file.byteOffset, lengthBytes).getBigUint64(0, true));
  if (length > maxHeaderBytes || length > file.length - lengthBytes)
    throw new FormatError(
      source,
      0,
      `the header claims ${length} bytes, but ${file.length - lengthBytes} follow (and ${maxHeaderBytes} is the limit); the file is damaged or no safetensors file`,
    );
  const start = lengthBytes + length;
  const header = parseHeader(file.subarray(lengthBytes, start), source);
  const { [metadataKey]: notes = {}, ...described } = header;
  const values = file.subarray(start);
  const tensors = Object.entries(described).map(([name, entry]) => readEntry(name, entry, values.length, source));
  checkCoverage(tensors, values.length, start, source);
  const bytesIn = ({ from, to }: Entry): Uint8Array => values.subarray(from, to);
  const read = tensors.flatMap((each): [string, RawTensor][] =>
    each.kind.dtype === undefined
      ? []
      : [[each.name, { dtype: each.kind.dtype, shape: each.shape, bytes: bytesIn(each) }]],
  );
  const foreign = tensors.flatMap((each): [string, ForeignTensor][] =>
    each.kind.dtype === undefined
      ? [[each.name, { dtype: each.kind.name, shape: each.shape, bytes: bytesIn(each) }]]
      : [],
  );
  for (const [name, { dtype, bytes }] of read)
    if (dtype === 'bool' && bytes.some((byte) => byte > 1))
      throw new FormatError(
        source,
        bytes.byteOffset - file.byteOffset,
        `${showName(name)} is BOOL, but holds bytes other than 0 and 1`,
      );
  return { tensors: new Map(read), foreign: new Map(foreign), metadata: readMetadata(notes, source) };
}

function parseHeader(bytes: Uint8Array, source: string): Readonly<Record<string, unknown>> {
  const fail = (problem: string): never => {
    throw new FormatError(source, lengthBytes, problem);
  };
  const text = decodeUtf8(bytes) ?? fail('the header is no UTF-8 text');
  if (!text.startsWith('{')) fail("the header does not start with '{'");
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
      lengthBytes + encodeUtf8(text.slice(0, repeated.position)).length,
      `the header has the key ${showName(repeated.key)} twice`,
    );
  return parsed;
}

interface Entry {
  readonly name: string;
  readonly kind: Kind;
  readonly shape: Shape;
  readonly from: number;
  readonly to: number;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readEntry(name: string, entry: unknown, available: number, source: string): Entry {
  const fail = (problem: string): never => {
    throw new FormatError(source, lengthBytes, `${showName(name)}: ${problem}`);
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
  return { name, kind, shape, from, to };
}

/** The values must lie side by side and fill the file: what nobody describes could be anything. */
function checkCoverage(entries: readonly Entry[], available: number, start: number, source: string): void {
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
    throw new FormatError(source, lengthBytes, `${metadataKey} must map names to texts`);
  return notes as Readonly<Record<string, string>>;
}

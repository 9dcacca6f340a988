/**
 * The header of a GGUF file: what it says in pairs, and where its tensors are.
 * Source: G. Gerganov et al., "GGUF", format description, versions 2 and 3.
 */
import type { Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { Shape } from '@espalier/tensor';
import { showShape } from '@espalier/tensor/arguments';
import { bytesOfTensor } from '../../tensors/dtypes.ts';
import { encodeBase64 } from './base64.ts';
import type { Cursor } from './cursor.ts';
import { ggufDType } from './tensor-types.ts';
import { arrayBytes, arrayNumber, isBytes, scalarOfNumber, type ScalarType, type ValueType } from './value-types.ts';

/** A value and its type. */
export interface TypedValue {
  readonly type: ValueType;
  readonly value: Json;
}

/** A tensor, from where the values begin on. */
export interface TensorInfo {
  readonly dtype: string;
  readonly shape: Shape;
  readonly bytes: number;
  readonly offset: number;
}

/** What a header says. */
export interface GgufHeader {
  readonly pairs: ReadonlyMap<string, TypedValue>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Where the values begin. */
  readonly start: number;
}

const magic = 0x46554747;
/** Arrays within arrays within …: no file of ours or theirs has more than two. */
const deepest = 8;
/**
 * More than any file has, and so few that a damaged one cannot take many times its size: what a pair or a short value is in
 * memory is far larger than its bytes.
 */
const mostPairs = 2 ** 16;
const mostShort = 2 ** 20;
const mostElements = 2 ** 24;
/** What a tensor of no dimension with an empty name takes. */
const infoBytes = 24;
/** What a pair of an empty key and a byte takes. */
const pairBytes = 13;

/**
 * Reads a header.
 * @throws {FormatError} naming the place, for what is damaged.
 * @throws {NeedsMore} where it goes on behind what is in memory.
 */
export function readHeader(cursor: Cursor): GgufHeader {
  if (cursor.u32('the magic number') !== magic) cursor.fail('does not begin with GGUF', 0);
  readVersion(cursor);
  // Both counts come first; pairs take room as well, so that the number of tensors is checked once these are read.
  const tensorCount = cursor.count(infoBytes, 'tensors');
  const pairCount = cursor.count(pairBytes, 'pairs');
  if (pairCount > mostPairs) cursor.fail(`claims ${pairCount} pairs; at most ${mostPairs} are read`, cursor.at - 8);
  const pairs = new Map<string, TypedValue>();
  for (let index = 0; index < pairCount; index++) {
    const at = cursor.at;
    const key = cursor.text('a key');
    if (pairs.has(key)) cursor.fail(`has the key ${showName(key)} twice`, at);
    pairs.set(key, readValue(cursor, cursor.u32('a type'), key, 0));
  }
  const alignment = alignmentOf(pairs, cursor);
  if (tensorCount > cursor.left / infoBytes)
    cursor.fail(`claims ${tensorCount} tensors, for which the ${cursor.left} bytes that follow have no room`);
  const tensors = new Map<string, TensorInfo>();
  for (let index = 0; index < tensorCount; index++) {
    const at = cursor.at;
    const name = cursor.text('the name of a tensor');
    if (tensors.has(name)) cursor.fail(`has the tensor ${showName(name)} twice`, at);
    tensors.set(name, readInfo(cursor, name, alignment));
  }
  const start = Math.ceil(cursor.at / alignment) * alignment;
  checkPlaces(cursor, tensors, start);
  return { pairs, tensors, start };
}

function readVersion(cursor: Cursor): void {
  const at = cursor.at;
  const version = cursor.u32('the version');
  if (version === 2 || version === 3) return;
  const swapped = version === 0x02000000 || version === 0x03000000;
  cursor.fail(
    swapped
      ? 'is big-endian, which no reader here takes; convert it with the program that made it'
      : `is of version ${version}; 2 and 3 are known`,
    at,
  );
}

function readValue(cursor: Cursor, number: number, key: string, depth: number): TypedValue {
  if (number === arrayNumber) return readArray(cursor, key, depth);
  const type =
    scalarOfNumber(number) ?? cursor.fail(`${showName(key)} is of type ${number}, which is none`, cursor.at - 4);
  return { type: type.name, value: readScalar(cursor, type, key) };
}

function readScalar(cursor: Cursor, type: ScalarType, key: string): Json {
  if (!type.read) return cursor.text(showName(key));
  const at = cursor.take(type.bytes, showName(key));
  return type.read(cursor.view, at) ?? cursor.fail(`${showName(key)} is neither true nor false`, at);
}

/** Types whose values take far more in memory than in the file, or may: what is beyond 2^53 is a text. */
const short: ReadonlySet<string> = new Set(['bool', 'u16', 'i16', 'u64', 'i64']);

function readArray(cursor: Cursor, key: string, depth: number): TypedValue {
  if (depth === deepest) cursor.fail(`${showName(key)} has arrays in more than ${deepest} arrays`);
  const at = cursor.at;
  const number = cursor.u32('the type of elements');
  if (number === arrayNumber) {
    const count = cursor.count(arrayBytes, `arrays in ${showName(key)}`);
    if (count > mostPairs) cursor.fail(`has ${count} arrays in ${showName(key)}; at most ${mostPairs} are read`, at);
    const inner: TypedValue[] = [];
    for (let index = 0; index < count; index++) inner.push(readArray(cursor, key, depth + 1));
    return { type: typeOfArrays(inner.map(({ type }) => type)), value: inner.map(({ value }) => value) };
  }
  const type =
    scalarOfNumber(number) ?? cursor.fail(`${showName(key)} has elements of type ${number}, which is none`, at);
  const count = cursor.count(type.bytes, `elements of ${showName(key)}`);
  if (isBytes(type.name)) {
    const from = cursor.take(count, showName(key));
    const bytes = new Uint8Array(cursor.view.buffer, cursor.view.byteOffset + from, count);
    return { type: { of: type.name }, value: encodeBase64(bytes) };
  }
  const most = short.has(type.name) ? mostShort : mostElements;
  if (count > most)
    cursor.fail(`has ${count} elements of ${type.name} in ${showName(key)}; at most ${most} are read`, at);
  const values = new Array<Json>(count);
  for (let index = 0; index < count; index++) values[index] = readScalar(cursor, type, key);
  return { type: { of: type.name }, value: values };
}

/** The type of an array of arrays: one for all of them where they agree. */
export function typeOfArrays(types: readonly ValueType[]): ValueType {
  const [first] = types;
  if (first === undefined) return { items: [] };
  const text = JSON.stringify(first);
  return types.every((type) => JSON.stringify(type) === text) ? { of: first } : { items: types };
}

/** What values begin at multiples of, where a file does not say it. */
export const defaultAlignment = 32;

function alignmentOf(pairs: ReadonlyMap<string, TypedValue>, cursor: Cursor): number {
  const found = pairs.get('general.alignment');
  if (!found) return defaultAlignment;
  const { value } = found;
  const isPower = Number.isInteger(value) && (value as number) > 0 && Math.log2(value as number) % 1 === 0;
  return isPower ? (value as number) : cursor.fail('general.alignment is no power of two');
}

function readInfo(cursor: Cursor, name: string, alignment: number): TensorInfo {
  const dimensions = cursor.u32('how many dimensions');
  if (dimensions > 4) cursor.fail(`${showName(name)} has ${dimensions} dimensions; at most 4 are known`, cursor.at - 4);
  const sizes: number[] = [];
  for (let axis = 0; axis < dimensions; axis++) sizes.push(cursor.u64('a size'));
  const at = cursor.at;
  const number = cursor.u32('the type of a tensor');
  const dtype =
    ggufDType(number) ?? cursor.fail(`${showName(name)} is of type ${number}, which no current program writes`, at);
  // Innermost first in the file.
  const shape = sizes.toReversed();
  const bytes =
    bytesOfTensor(dtype, shape) ??
    cursor.fail(
      `${showName(name)} ${showShape(shape)} does not consist of blocks of ${dtype.elements} of ${dtype.name}`,
      at,
    );
  const offset = cursor.u64(`where ${showName(name)} is`);
  if (offset % alignment !== 0)
    cursor.fail(`${showName(name)} is at ${offset}, which is no multiple of ${alignment}`, cursor.at - 8);
  return { dtype: dtype.name, shape, bytes, offset };
}

/** No two tensors share bytes, and all of them are in the file. */
function checkPlaces(cursor: Cursor, tensors: ReadonlyMap<string, TensorInfo>, start: number): void {
  let end = 0;
  let last = '';
  const placed = [...tensors].toSorted(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  for (const [name, { offset, bytes }] of placed) {
    if (offset < end)
      cursor.fail(`${showName(name)} begins at ${offset} of the values, within ${showName(last)}`, start + offset);
    end = offset + bytes;
    last = name;
    if (start + end > cursor.size)
      cursor.fail(`ends before the values of ${showName(name)}, which are up to ${start + end}`, cursor.size);
  }
}

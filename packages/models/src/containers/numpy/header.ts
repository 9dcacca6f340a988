/**
 * What stands before the values of a `.npy` file: a magic, a version, and a dict of Python as text.
 * Source: NumPy, "NEP 1, a simple file format for NumPy arrays", and its versions 2.0 and 3.0.
 */
import { FormatError } from '@espalier/nn';
import { decodeUtf8, encodeUtf8 } from '@espalier/nn/format';
import { sizeOf, type Shape } from '@espalier/tensor';
import { brief } from '@espalier/tensor/arguments';
import { decodeLatin1 } from '../../bytes/text.ts';

/** What a header says. */
export interface NpyHeader {
  /** As the table of dtypes has it. */
  readonly dtype: string;
  /** Bytes of the numbers that an element is made of, where these are big-endian; else 1. */
  readonly swap: number;
  readonly itemBytes: number;
  readonly shape: Shape;
  /** Whether values lie column by column. */
  readonly fortran: boolean;
  /** Where they begin. */
  readonly begin: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** No header is longer; nor does NumPy read one that is. */
const longest = 10_000;
/** What values begin at a multiple of. */
const alignment = 64;

/** The kinds of NumPy and the dtypes they are: letter and bytes. */
const kinds: Readonly<Record<string, string>> = {
  b1: 'BOOL',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
  c8: 'C64',
  c16: 'C128',
};
const kindOf: ReadonlyMap<string, string> = new Map(Object.entries(kinds).map(([kind, dtype]) => [dtype, kind]));

/** Kinds that are no numbers, by their letters. */
const foreign: Readonly<Record<string, string>> = {
  O: 'Python objects, which are pickles',
  S: 'texts of bytes',
  U: 'texts',
  V: 'records or bytes without a meaning',
  M: 'dates',
  m: 'durations',
  g: 'long doubles',
};

/** Whether bytes are the beginning of a `.npy` file. */
export function isNpy(head: Uint8Array): boolean {
  return magic.every((byte, at) => head[at] === byte);
}

/** The dtype of NumPy that a dtype of the table is; undefined where NumPy has none. */
export function numpyKind(dtype: string): string | undefined {
  return kindOf.get(dtype);
}

/** Reads bytes from `begin` to before `end`, or says where they end. */
type Read = (begin: number, end: number, what: string) => Promise<Uint8Array>;

/**
 * Reads a header.
 * @param source for errors
 * @param base where the file begins in it
 * @throws {FormatError} for what is damaged, and naming what is no array of numbers: objects, records, texts.
 */
export async function readNpyHeader(read: Read, source: string, base = 0): Promise<NpyHeader> {
  const fail = (offset: number, problem: string): never => {
    throw new FormatError(source, base + offset, problem);
  };
  const head = await read(0, 8, 'the magic of an .npy file');
  if (!isNpy(head)) fail(0, 'is no .npy file: it does not begin as one');
  const version = head[6] as number;
  if (version < 1 || version > 3 || head[7] !== 0)
    fail(6, `is an .npy file of version ${version}.${head[7]}; known are 1.0, 2.0 and 3.0`);
  const lengthBytes = version === 1 ? 2 : 4;
  const length = (await read(8, 8 + lengthBytes, 'the length of its header')).reduceRight(
    (sum, byte) => sum * 256 + byte,
    0,
  );
  if (length > longest) fail(8, `claims a header of ${length} bytes; ${longest} is the limit`);
  const begin = 8 + lengthBytes + length;
  const bytes = await read(8 + lengthBytes, begin, 'its header');
  const text = version === 3 ? (decodeUtf8(bytes) ?? fail(10, 'has a header that is no UTF-8')) : decodeLatin1(bytes);
  const fields = readFields(text, (problem) => fail(8 + lengthBytes, problem));
  return { ...fields, begin };
}

/** The three fields, in whatever order, as Python prints them. */
function readFields(text: string, fail: (problem: string) => never): Omit<NpyHeader, 'begin'> {
  const dict = text.trim();
  if (!dict.startsWith('{') || !dict.endsWith('}')) return fail(`has a header that is no dict: ${brief(text)}`);
  const field = (name: string, pattern: string): string => {
    const all = [...dict.matchAll(new RegExp(`(['"])${name}\\1\\s*:\\s*(${pattern})`, 'gu'))];
    return all.length === 1 ? (all[0]?.[2] as string) : fail(`has a header without one '${name}': ${brief(text, 200)}`);
  };
  const order = field('fortran_order', 'True|False');
  const shape = readShape(field('shape', String.raw`\([^()]*\)`), fail);
  return {
    ...readKind(field('descr', String.raw`'[^']*'|"[^"]*"|\[.*\]|\(.*\)`), fail),
    shape,
    fortran: order === 'True',
  };
}

function readKind(text: string, fail: (problem: string) => never): Pick<NpyHeader, 'dtype' | 'swap' | 'itemBytes'> {
  if (!/^['"]/u.test(text))
    return fail(`holds records (${brief(text, 120)}), which are no tensor; save each field as an array`);
  const [, order, letter = '', size] = /^([<>|=]?)([A-Za-z])(\d*)/u.exec(text.slice(1, -1)) ?? [];
  const dtype = Object.hasOwn(kinds, `${letter}${size}`) ? kinds[`${letter}${size}`] : undefined;
  if (dtype === undefined || text.slice(1, -1).length !== `${order}${letter}${size}`.length) {
    const what = Object.hasOwn(foreign, letter) ? ` (${foreign[letter]})` : '';
    return fail(`is of the dtype ${brief(text, 120)}${what}, which is no tensor's`);
  }
  const itemBytes = Number(size);
  return { dtype, itemBytes, swap: order === '>' ? (letter === 'c' ? itemBytes / 2 : itemBytes) : 1 };
}

/** A tuple of whole numbers; those of Python 2 end in L. */
function readShape(text: string, fail: (problem: string) => never): Shape {
  const inner = text.slice(1, -1).trim();
  const parts = inner === '' ? [] : inner.replace(/,$/u, '').split(',');
  const sizes = parts.map((part) =>
    /^\s*\d{1,16}L?\s*$/u.test(part) ? Number(part.replace(/L\s*$/u, '')) : Number.NaN,
  );
  const isTuple = parts.length !== 1 || inner.endsWith(',');
  if (!isTuple || !sizes.every((size) => Number.isSafeInteger(size)) || !Number.isSafeInteger(sizeOf(sizes) * 16))
    return fail(`has the shape ${brief(text)}, which is none`);
  return sizes;
}

/** The header of an array that is written: version 1.0, little-endian, row by row. */
export function npyHeader(kind: string, shape: Shape): Uint8Array<ArrayBuffer> {
  const size = Number(kind.slice(1));
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${size === 1 ? '|' : '<'}${kind}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const filled = Math.ceil((dict.length + 11) / alignment) * alignment - 11;
  const text = `${dict.padEnd(filled)}\n`;
  return Uint8Array.from([...magic, 1, 0, text.length & 255, text.length >> 8, ...encodeUtf8(text)]);
}

/** The safetensors format as a whole: all bytes of a file in memory. Its header is read by `safetensors-header.ts`. */
import type { DType, Shape } from '@espalier/tensor';
import { aDType, aText, check, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { aByteArray, mapOf } from '../config/rules.ts';
import { showName } from '../config/fields.ts';
import { FormatError } from '../errors.ts';
import { aForeignTensor, type ForeignTensor } from './foreign.ts';
import {
  parseSafetensorsHeader,
  safetensorsHeader,
  safetensorsHeaderLength,
  safetensorsLengthBytes,
  type SafetensorsEntry,
} from './safetensors-header.ts';

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
  const parts = [...tensors].map(
    ([name, { dtype, shape, bytes }]) => [name, { dtype, shape, bytes: bytes.length }] as const,
  );
  const { header, order, valueBytes } = safetensorsHeader(new Map(parts), metadata);
  const file = new Uint8Array(header.length + valueBytes);
  file.set(header);
  let position = header.length;
  for (const name of order) {
    const { bytes } = tensors.get(name) as RawTensor | ForeignTensor;
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
  const start = safetensorsLengthBytes + safetensorsHeaderLength(file, file.length, source);
  const values = file.subarray(start);
  const { entries, metadata } = parseSafetensorsHeader(
    file.subarray(safetensorsLengthBytes, start),
    values.length,
    source,
  );
  const bytesIn = ({ from, to }: SafetensorsEntry): Uint8Array => values.subarray(from, to);
  const read = entries.flatMap((each): [string, RawTensor][] =>
    each.own === undefined ? [] : [[each.name, { dtype: each.own, shape: each.shape, bytes: bytesIn(each) }]],
  );
  const foreign = entries.flatMap((each): [string, ForeignTensor][] =>
    each.own === undefined ? [[each.name, { dtype: each.dtype, shape: each.shape, bytes: bytesIn(each) }]] : [],
  );
  for (const [name, { dtype, bytes }] of read)
    if (dtype === 'bool' && bytes.some((byte) => byte > 1))
      throw new FormatError(
        source,
        bytes.byteOffset - file.byteOffset,
        `${showName(name)} is BOOL, but holds bytes other than 0 and 1`,
      );
  return { tensors: new Map(read), foreign: new Map(foreign), metadata };
}

/** Writes GGUF files of version 3. */
import type { Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { encodeUtf8 } from '@espalier/nn/format';
import { showShape } from '@espalier/tensor/arguments';
import type { ByteSink } from '../../bytes/byte-sink.ts';
import type { TensorEntry, WrittenTensor } from '../../tensors/tensor-source.ts';
import { writePadding, writeValues } from '../../tensors/write-values.ts';
import { refuseWhat } from '../cannot-carry.ts';
import { decodeBase64 } from './base64.ts';
import { pairsOf } from './metadata.ts';
import { defaultAlignment, type TypedValue } from './read-header.ts';
import { ggufNumber } from './tensor-types.ts';
import { arrayNumber, isBytes, scalarOfName, type ScalarType, type ValueType } from './value-types.ts';

type Metadata = { readonly [key: string]: Json };

/** llama.cpp has no room for more, with the zero at the end. */
const longestName = 63;
const mostDimensions = 4;

/** What of tensors and metadata GGUF, or a reader of it, has no place for. */
export function ggufLosses(tensors: ReadonlyMap<string, TensorEntry>, metadata: Metadata = {}): string[] {
  const odd = [...tensors].flatMap(([name, { dtype, shape }]) => [
    ...(ggufNumber(dtype) === undefined ? [`${showName(name)} as ${dtype}`] : []),
    ...(shape.length > mostDimensions ? [`${showName(name)} ${showShape(shape)}, of more than 4 dimensions`] : []),
    ...(encodeUtf8(name).length > longestName ? [`the name ${showName(name)}, of more than ${longestName} bytes`] : []),
  ]);
  const alignment = metadata['general.alignment'] ?? defaultAlignment;
  const isPower = typeof alignment === 'number' && alignment > 0 && Math.log2(alignment) % 1 === 0;
  return [...odd, ...pairsOf(metadata).losses, ...(isPower ? [] : ['a general.alignment that is no power of two'])];
}

/**
 * Writes a file: pairs in the order of the metadata (`metadata.ts` says how types are told), tensors in theirs, each at a
 * multiple of `general.alignment`, or of 32.
 * @throws {FormatError} before anything is written, naming what the format cannot carry.
 */
export async function writeGguf(
  sink: ByteSink,
  tensors: ReadonlyMap<string, WrittenTensor>,
  metadata: Metadata = {},
): Promise<void> {
  refuseWhat('gguf', ggufLosses(tensors, metadata), 'convert or leave it out');
  const { pairs } = pairsOf(metadata);
  const alignment = Number(metadata['general.alignment'] ?? defaultAlignment);
  const out = new HeaderWriter();
  out.u32(0x46554747);
  out.u32(3);
  out.u64(tensors.size);
  out.u64(pairs.size);
  for (const [key, pair] of pairs) {
    out.text(key);
    writePair(out, pair);
  }
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    out.text(name);
    out.u32(shape.length);
    for (const size of shape.toReversed()) out.u64(size);
    out.u32(ggufNumber(dtype) as number);
    out.u64(offset);
    offset += Math.ceil(bytes / alignment) * alignment;
  }
  const header = out.bytes();
  await sink.write(header);
  if (tensors.size > 0) await writePadding(sink, header.length, alignment);
  for (const [name, tensor] of tensors) {
    await writeValues(sink, name, tensor);
    await writePadding(sink, tensor.bytes, alignment);
  }
}

/** A type, and what is of it. */
function writePair(out: HeaderWriter, { type, value }: TypedValue): void {
  const scalar = scalarOfName(type);
  out.u32(scalar ? scalar.number : arrayNumber);
  if (scalar) out.scalar(scalar, value);
  else writeArray(out, type as Exclude<ValueType, string>, value);
}

/** The type of the elements, how many there are, and they themselves. */
function writeArray(out: HeaderWriter, type: Exclude<ValueType, string>, value: Json): void {
  const bytes = 'of' in type && isBytes(type.of) ? decodeBase64(value as string) : undefined;
  const scalar = 'of' in type ? scalarOfName(type.of) : undefined;
  const list = value as readonly Json[];
  out.u32(scalar ? scalar.number : arrayNumber);
  out.u64((bytes ?? list).length);
  if (bytes) out.raw(bytes);
  else if (scalar) for (const each of list) out.scalar(scalar, each);
  else
    for (const [index, each] of list.entries())
      writeArray(out, ('of' in type ? type.of : type.items[index]) as Exclude<ValueType, string>, each);
}

/** Collects a header. */
class HeaderWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Where the next bytes go, for which there is room. */
  #place(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    if (this.#at > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  u32(value: number): void {
    const at = this.#place(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: number): void {
    const at = this.#place(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#place(bytes.length);
    this.#bytes.set(bytes, at);
  }

  text(text: string): void {
    const bytes = encodeUtf8(text);
    this.u64(bytes.length);
    this.raw(bytes);
  }

  scalar(type: ScalarType, value: Json): void {
    if (!type.write) return this.text(value as string);
    const at = this.#place(type.bytes);
    type.write(this.#view, at, value);
    return undefined;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}

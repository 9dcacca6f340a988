/** Tensors as the raw bytes of a file: row by row, little-endian, each element in its own type. */
import { encodeUtf8 } from '@espalier/nn/format';
import { dtypes } from '@espalier/tensor';
import { OnnxError } from '../errors.ts';
import { elementTypes, type ElementType } from './element-types.ts';
import type { OnnxTensor } from './value.ts';

/** A text as its bytes. */
export const rawText: (text: string) => Uint8Array<ArrayBuffer> = encodeUtf8;

/** How many bytes a tensor takes in a file. */
export function rawSize({ type, size }: OnnxTensor): number {
  return Math.ceil((size * elementTypes[type].bits) / 8);
}

/** The bytes of a tensor; those of a device are read. */
export async function rawBytesOf(value: OnnxTensor): Promise<Uint8Array> {
  const tensor = value.onDevice;
  return tensor && elementTypes[value.type].carrier === value.type ? tensor.bytes() : rawNow(value);
}

/**
 * The bytes of a tensor, at once.
 * @throws {OnnxError} for a type whose bytes are not written here.
 */
export function rawNow(value: OnnxTensor): Uint8Array<ArrayBuffer> {
  const { type } = value;
  const numbers = value.numbers();
  const { carrier, bits, name } = elementTypes[type];
  const bytes = new Uint8Array(rawSize(value));
  if (carrier === type) {
    const { view, encode } = dtypes[carrier];
    const array = view(bytes.buffer, 0, numbers.length);
    for (const [index, number] of numbers.entries()) array[index] = encode(number);
    return bytes;
  }
  const view = new DataView(bytes.buffer);
  const write = Object.hasOwn(writers, type) ? writers[type] : undefined;
  if (!write && bits > 4) throw new OnnxError('onnx', `${name} is not written here; cast it first`);
  for (const [index, number] of numbers.entries())
    if (write) write(view, index, number);
    else packInto(bytes, index, number, bits);
  return bytes;
}

/** Puts a number of a few bits among its neighbours, the first in the low bits. */
function packInto(bytes: Uint8Array, index: number, number: number, bits: number): void {
  const place = index * bits;
  const at = place >> 3;
  bytes[at] = (bytes[at] as number) | ((number & (2 ** bits - 1)) << (place & 7));
}

const writers: Partial<Record<ElementType, (view: DataView, index: number, value: number) => void>> = {
  i16: (view, index, value) => view.setInt16(index * 2, value, true),
  u16: (view, index, value) => view.setUint16(index * 2, value, true),
  i64: (view, index, value) => view.setBigInt64(index * 8, exact(value), true),
  u64: (view, index, value) => view.setBigUint64(index * 8, BigInt(value), true),
};

/** What stands for "as far as there is" is the end of the range again. */
const exact = (value: number): bigint => (value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value));

/** Tensors of a file as values of a graph. */
import { FormatError } from '@espalier/nn';
import { type ByteSource, decodeUtf8, readBytes } from '@espalier/nn/format';
import type { OpenOptions } from '../../containers/container.ts';
import type { FieldBytes } from '../protobuf/rules.ts';
import type { TensorProto } from '../protobuf/messages.ts';
import { elementTypeOf, elementTypes, type ElementType } from './element-types.ts';
import { countOf } from './host-array.ts';
import { fromSmallFloat, type SmallFloatType } from './small-floats.ts';
import { OnnxTensor } from './value.ts';

/** Where the bytes of tensors lie. */
export interface TensorPlace {
  readonly source: ByteSource;
  readonly sibling?: OpenOptions['sibling'];
}

/** Whole numbers of at most this many elements are known on the host: they are shapes and indices, most often. */
export const fewElements = 1024;
/** So are floats of at most this many elements. */
const fewFloats = 16;

/**
 * Reads a tensor.
 * @throws {FormatError} naming the file, and the tensor, for what is damaged.
 */
export async function readTensor(proto: TensorProto, place: TensorPlace): Promise<OnnxTensor> {
  const file = place.source.name;
  const what = proto.name ? `the tensor '${proto.name}'` : 'a tensor';
  const refuse = (problem: string): never => {
    throw new FormatError(file, proto.rawData?.offset ?? 0, `${what} ${problem}`);
  };
  const type = elementTypeOf(proto.dataType ?? 0);
  if (!type) return refuse(`has elements of the type ${proto.dataType ?? 0}, which is not read here`);
  const shape = proto.dims;
  if (shape.some((size) => size < 0) || countOf(shape) > 2 ** 48) refuse(`has the shape [${shape.join(', ')}]`);
  const count = countOf(shape);
  const expected = (given: number, unit: string): void => {
    if (given !== count) refuse(`has ${given} ${unit}, but its shape [${shape.join(', ')}] has ${count} elements`);
  };
  if (type === 'string') {
    expected(proto.stringData.length, 'texts');
    return OnnxTensor.texts(await readTexts(proto.stringData, place, refuse), shape);
  }
  if (elementTypes[type].kind === 'complex') return refuse(`is ${elementTypes[type].name}, which is not computed with`);
  const raw = await rawBytes(proto, place, what);
  if (raw) {
    const needed = Math.ceil((count * elementTypes[type].bits) / 8);
    if (raw.byteLength !== needed) refuse(`has ${raw.byteLength} bytes, but its shape and type take ${needed}`);
    return fromRaw(type, shape, raw, refuse);
  }
  const typed = typedNumbers(proto, type, count);
  expected(typed.length, 'values');
  const wrong = elementTypes[type].kind === 'integer' ? typed.find((value) => !isOf(type, value)) : undefined;
  if (wrong !== undefined) refuse(`has the value ${wrong}, which is not one of ${elementTypes[type].name}`);
  return OnnxTensor.numbers(type, typed, shape);
}

async function readTexts(
  fields: readonly FieldBytes[],
  { source }: TensorPlace,
  refuse: (problem: string) => never,
): Promise<string[]> {
  const texts: string[] = [];
  for (const { bytes, offset, length } of fields)
    texts.push(
      decodeUtf8(bytes ?? (await readBytes(source, offset, length, 'a text'))) ??
        refuse('has a text that is not UTF-8'),
    );
  return texts;
}

/** The raw bytes, from this file or another one; undefined where values are typed. */
async function rawBytes(
  { rawData, dataLocation, externalData, name }: TensorProto,
  { source, sibling }: TensorPlace,
  what: string,
): Promise<Uint8Array | undefined> {
  if (dataLocation !== 1)
    return rawData && (rawData.bytes ?? (await readBytes(source, rawData.offset, rawData.length, what)));
  const entries = new Map(externalData.map(({ key = '', value = '' }) => [key, value]));
  const location = entries.get('location') ?? '';
  const refuse = (problem: string): never => {
    throw new FormatError(source.name, 0, `the tensor '${name ?? ''}' lies in '${location}', ${problem}`);
  };
  if (location === '' || /^[/\\]|^[a-z]:|(^|[/\\])\.\.([/\\]|$)/i.test(location))
    refuse('which is not a file of the same folder; only those are read');
  const other = await sibling?.(location);
  if (!other) return refuse('which is not there; put it beside the model');
  try {
    const [offset, length] = [number('offset', 0), number('length', other.size - number('offset', 0))];
    return await readBytes(other, offset, length, what);
  } finally {
    await other.close();
  }

  function number(key: string, fallback: number): number {
    const value = entries.get(key);
    if (value === undefined) return fallback;
    return /^\d{1,15}$/.test(value) ? Number(value) : refuse(`with the ${key} '${value}', which is no number`);
  }
}

/** A tensor of its raw bytes; `refuse` throws what is wrong with them. */
export function fromRaw(
  type: ElementType,
  shape: readonly number[],
  raw: Uint8Array,
  refuse: (problem: string) => never,
): OnnxTensor {
  const { bits, carrier, kind } = elementTypes[type];
  const count = countOf(shape);
  const native = carrier === type;
  const few = count <= (kind === 'float' ? fewFloats : fewElements);
  if (native && !few) return new OnnxTensor(type, shape, { bytes: raw });
  if (native) return OnnxTensor.numbers(type, [...new OnnxTensor(type, shape, { bytes: raw }).numbers()], shape);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const read = (index: number): number => {
    if (bits <= 4) return code(type, (raw[(index * bits) >> 3] as number) >> ((index * bits) & 7));
    if (bits === 8) return code(type, raw[index] as number);
    if (type === 'i16') return view.getInt16(index * 2, true);
    if (type === 'u16') return view.getUint16(index * 2, true);
    const exact = type === 'i64' ? view.getBigInt64(index * 8, true) : view.getBigUint64(index * 8, true);
    return wide(exact) ?? refuse(`has the value ${exact}, beyond 2^53, where numbers are not exact`);
  };
  // As they come: what a list of numbers takes beside the bytes of a large tensor would be many times those.
  const numbers = new Array<number>(count);
  for (let index = 0; index < count; index++) numbers[index] = read(index);
  return OnnxTensor.numbers(type, numbers, shape);
}

/** A 64-bit number that a double is exactly; those near the ends of the signed range, which mean "as far as there is", are ±2^63. */
function wide(value: bigint): number | undefined {
  if (BigInt(Number(value)) === value) return Number(value);
  return value > 2n ** 62n || value < -(2n ** 62n) ? Number(value) : undefined;
}

/** A code of 8 bits, or in the low ones of them, as the number it means. */
function code(type: ElementType, bits: number): number {
  const { bits: width, kind } = elementTypes[type];
  const own = bits & (2 ** width - 1);
  if (kind === 'float') return fromSmallFloat(type as SmallFloatType, own);
  return type.startsWith('u') ? own : (own << (32 - width)) >> (32 - width);
}

/** Whether a number is one of a type of whole numbers. */
function isOf(type: ElementType, value: number): boolean {
  const { bits } = elementTypes[type];
  const unsigned = type.startsWith('u');
  return value >= (unsigned ? 0 : -(2 ** (bits - 1))) && value <= (unsigned ? 2 ** bits : 2 ** (bits - 1));
}

/** Values that stand in fields of their own type; 16 bits and fewer stand in those of 32. */
function typedNumbers(proto: TensorProto, type: ElementType, count: number): number[] {
  const { bits, carrier, kind } = elementTypes[type];
  if (type === 'f32') return [...proto.floatData];
  if (type === 'f64') return [...proto.doubleData];
  if (type === 'i64') return proto.int64Data.map(Number);
  if (type === 'u64' || type === 'u32') return proto.uint64Data.map((value) => Number(BigInt.asUintN(64, value)));
  const words = proto.int32Data;
  if (bits <= 4)
    return Array.from({ length: Math.min(count, (words.length * 8) / bits) }, (_, index) =>
      code(type, (words[(index * bits) >> 3] as number) >> ((index * bits) & 7)),
    );
  if (kind === 'float' && carrier !== type) return words.map((word) => code(type, word & 255));
  if (kind === 'float') {
    const patterns = Uint16Array.from(words);
    return [...new OnnxTensor(type, [words.length], { bytes: new Uint8Array(patterns.buffer) }).numbers()];
  }
  return [...words];
}

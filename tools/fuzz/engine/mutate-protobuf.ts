/** Mutations of Protocol Buffers, field by field: the lengths of whatever a field lies in are right again. */
import { numbers } from './dictionary.ts';
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

/** A field: a number or bytes, which may be a message. */
interface Field {
  readonly tag: bigint;
  value: bigint | Uint8Array;
  /** What the bytes are, where they can be a message. */
  readonly fields: Field[] | undefined;
}

const [varint, fixed64, delimited, fixed32] = [0n, 1n, 2n, 5n];
const mostFields = 60n;
const mostDepth = 8;

function readVarint(bytes: Uint8Array, start: number): readonly [bigint, number] | undefined {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + 10; at += 1) {
    const byte = bytes[at] ?? 0;
    value |= BigInt(byte & 127) << BigInt(7 * (at - start));
    if (byte < 128) return [value, at + 1];
  }
  return undefined;
}

function varintOf(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...bytes, Number(rest));
}

/** The fields that bytes are; undefined where they are no message. */
function fieldsOf(bytes: Uint8Array, depth = 0): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, begin] = readVarint(bytes, at) ?? [0n, 0];
    if (tag >> 3n === 0n || tag >> 3n > mostFields) return undefined;
    const wire = tag & 7n;
    const read = wire === varint || wire === delimited ? readVarint(bytes, begin) : undefined;
    if (wire === varint) {
      if (!read) return undefined;
      fields.push({ tag, value: read[0], fields: undefined });
      at = read[1];
      continue;
    }
    const [from, length] =
      wire === delimited
        ? [read?.[1] ?? 0, Number(read?.[0] ?? -1n)]
        : [begin, wire === fixed64 ? 8 : wire === fixed32 ? 4 : -1];
    if (length < 0 || from + length > bytes.length) return undefined;
    const value = bytes.subarray(from, from + length);
    const isMessage = wire === delimited && length > 1 && depth < mostDepth;
    fields.push({ tag, value, fields: isMessage ? fieldsOf(value, depth + 1) : undefined });
    at = from + length;
  }
  return fields;
}

function bytesOf(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(({ tag, value, fields: inner }) => {
      if (typeof value === 'bigint') return [varintOf(tag), varintOf(value)];
      const own = inner ? bytesOf(inner) : value;
      return (tag & 7n) === delimited ? [varintOf(tag), varintOf(BigInt(own.length)), own] : [varintOf(tag), own];
    }),
  );
}

/** All lists of fields, each of those below as likely as any. */
function listsOf(fields: Field[]): Field[][] {
  return [fields, ...fields.flatMap(({ fields: inner }) => (inner ? listsOf(inner) : []))];
}

function otherValue(field: Field, random: Random): void {
  if (typeof field.value === 'bigint') {
    const value = random.pick(numbers);
    field.value = random.chance(0.6) ? BigInt(random.below(20)) : BigInt(Number.isSafeInteger(value) ? value : -1);
  } else if ((field.tag & 7n) === delimited) field.value = mutateBytes(field.value, random);
  else field.value = Buffer.from(field.value).fill(random.below(256), random.below(field.value.length));
}

/** A message of which a few fields have other values, are twice there, or missing. */
export function mutateProtobuf(input: Uint8Array, random: Random): Uint8Array {
  const root = fieldsOf(input);
  if (!root) return mutateBytes(input, random);
  for (let count = 1 + random.below(2); count > 0; count -= 1) {
    const fields = random.pick(listsOf(root));
    const at = random.below(fields.length);
    const field = fields[at];
    if (!field) continue;
    const chance = random.uniform();
    if (chance < 0.7 && !field.fields) otherValue(field, random);
    else if (chance < 0.8) fields.splice(at, 1);
    else if (chance < 0.9) fields.splice(random.below(fields.length + 1), 0, field);
    else {
      // As it is written: as a field it could come to lie in itself.
      const others = random.pick(listsOf(root));
      if (others.length > 0) fields[at] = { tag: (field.tag & ~7n) | delimited, value: bytesOf([random.pick(others)]), fields: undefined }; // prettier-ignore
    }
  }
  return bytesOf(root);
}

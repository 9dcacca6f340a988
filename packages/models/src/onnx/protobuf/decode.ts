/** Reads messages of a file by their rules: small ones at once, large ones field by field, leaving their long bytes where they are. */
import { FormatError } from '@espalier/nn';
import { type ByteSource, decodeUtf8, readBytes } from '@espalier/nn/format';
import { wholeNumber, type FieldBytes, type FieldRule, type MessageRule } from './rules.ts';
import { WireReader, type Tag } from './wire.ts';

/** A message of at most this many bytes is read as a whole. */
const whole = 2 ** 20;
/** How deep messages may lie in each other: graphs within nodes within graphs. */
const deepest = 100;

type Fields = Record<string, unknown>;

/**
 * Reads the message that a file is.
 * @throws {FormatError} naming the file and the place of what is wrong.
 */
export async function decodeFile<Message extends object>(
  source: ByteSource,
  rule: MessageRule<Message>,
): Promise<Message> {
  return (await readLarge(source, rule, { offset: 0, length: source.size }, 0)) as Message;
}

/**
 * Reads a message from bytes.
 * @throws {FormatError} naming the source and the place of what is wrong.
 */
export function decodeBytes<Message extends object>(
  bytes: Uint8Array,
  rule: MessageRule<Message>,
  source: string,
): Message {
  return readWhole(new WireReader(bytes, 0, source), rule, 0) as Message;
}

function empty(rule: MessageRule): Fields {
  const fields: Fields = {};
  for (const { name, many } of rule.fields.values()) if (many) fields[name] = [];
  return fields;
}

function put(into: Fields, { name, many }: FieldRule, value: unknown): void {
  if (many) (into[name] as unknown[]).push(value);
  else into[name] = value;
}

/** Walks a message that may be larger than memory. */
async function readLarge(source: ByteSource, rule: MessageRule, place: FieldBytes, depth: number): Promise<Fields> {
  if (place.length <= whole) {
    const bytes = await readBytes(source, place.offset, place.length, `a ${rule.name}`);
    return readWhole(new WireReader(bytes, place.offset, source.name), rule, depth);
  }
  checkDepth(source.name, place.offset, depth);
  const into = empty(rule);
  const end = place.offset + place.length;
  let at = place.offset;
  while (at < end) {
    // A tag and a length take at most fifteen bytes; scalars are read from the same few.
    const head = await readBytes(source, at, Math.min(32, end - at), `a field of a ${rule.name}`);
    const reader = new WireReader(head, at, source.name);
    const tag = reader.tag();
    const field = rule.fields.get(tag.field);
    if (tag.wire !== 2) {
      if (field) readScalar(reader, field, tag, into);
      else reader.skip(tag.wire);
      at += reader.at;
      continue;
    }
    const length = reader.length();
    const begin = at + reader.at;
    if (length > end - begin) reader.refuse(`${length} bytes are announced, of ${end - begin} that are left`);
    at = begin + length;
    if (!field) continue;
    if (typeof field.kind === 'function')
      put(into, field, await readLarge(source, field.kind(), { offset: begin, length }, depth + 1));
    else if (field.kind === 'bytes' && length > whole) put(into, field, { offset: begin, length });
    else {
      const bytes = await readBytes(source, begin, length, `${field.name} of a ${rule.name}`);
      readSized(new WireReader(bytes, begin, source.name), field, into, depth);
    }
  }
  return into;
}

/** Reads a message whose bytes are there. */
function readWhole(reader: WireReader, rule: MessageRule, depth: number): Fields {
  checkDepth(reader.source, reader.origin + reader.at, depth);
  const into = empty(rule);
  while (!reader.done) {
    const tag = reader.tag();
    const field = rule.fields.get(tag.field);
    if (!field) reader.skip(tag.wire);
    else if (tag.wire === 2) {
      const length = reader.length();
      const begin = reader.take(length);
      const { end } = reader;
      reader.at = begin;
      reader.end = begin + length;
      readSized(reader, field, into, depth);
      reader.at = begin + length;
      reader.end = end;
    } else readScalar(reader, field, tag, into);
  }
  return into;
}

/** Reads what lies between the place and the end of a reader: a message, bytes, a text, or packed numbers. */
function readSized(reader: WireReader, field: FieldRule, into: Fields, depth: number): void {
  const { kind } = field;
  const { at, end, origin, bytes } = reader;
  if (typeof kind === 'function') put(into, field, readWhole(reader, kind(), depth + 1));
  else if (kind === 'bytes')
    put(into, field, { offset: origin + at, length: end - at, bytes: bytes.subarray(at, end) } satisfies FieldBytes);
  else if (kind === 'text') put(into, field, textOf(reader, field));
  else if (field.many) while (!reader.done) put(into, field, scalars[kind](reader));
  else reader.refuse(`${field.name} is bytes, but one number is expected`);
}

function textOf(reader: WireReader, { name }: FieldRule): string {
  return decodeUtf8(reader.bytes.subarray(reader.at, reader.end)) ?? reader.refuse(`${name} is not UTF-8`);
}

const scalars = {
  integer: (reader: WireReader): number => {
    const begin = reader.at;
    const value = reader.integer();
    return (
      wholeNumber(value) ?? reader.refuse(`the number ${value} is beyond 2^53, where numbers are not exact`, begin)
    );
  },
  exact: (reader: WireReader): bigint => reader.integer(),
  float: (reader: WireReader): number => reader.float(),
  double: (reader: WireReader): number => reader.double(),
};

const layouts = { integer: 0, exact: 0, float: 5, double: 1 } as const;

function readScalar(reader: WireReader, field: FieldRule, { wire }: Tag, into: Fields): void {
  const { kind, name } = field;
  if (typeof kind === 'function' || kind === 'text' || kind === 'bytes' || layouts[kind] !== wire)
    reader.refuse(`${name} has the layout ${wire}, which is not that of its type`);
  put(into, field, scalars[kind](reader));
}

function checkDepth(source: string, offset: number, depth: number): void {
  if (depth > deepest) throw new FormatError(source, offset, `messages lie more than ${deepest} deep in each other`);
}

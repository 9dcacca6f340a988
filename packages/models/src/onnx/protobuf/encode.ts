/** Writes messages by the rules that they are read by. */
import { encodeUtf8 } from '@espalier/nn/format';
import { ArgumentError } from '@espalier/tensor';
import { exactInteger, type FieldBytes, type FieldRule, type MessageRule } from './rules.ts';
import { WireWriter } from './wire.ts';

/**
 * A message as bytes. Fields that are absent, and lists that are empty, take none; lists of numbers are packed.
 * @throws {ArgumentError} for bytes that are only known by their place in a file.
 */
export function encodeMessage<Message extends object>(
  message: Message,
  rule: MessageRule<Message>,
): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  for (const [number, field] of rule.fields) {
    const value: unknown = Reflect.get(message, field.name);
    if (value === undefined) continue;
    if (!field.many) writeOne(writer, number, field, value);
    else if (isPacked(field)) writePacked(writer, number, field, value as readonly unknown[]);
    else for (const each of value as readonly unknown[]) writeOne(writer, number, field, each);
  }
  return writer.bytes();
}

type NumberKind = keyof typeof scalars;

const scalars = {
  integer: { wire: 0, write: (writer: WireWriter, value: unknown) => writer.integer(exactInteger(value as number)) },
  exact: { wire: 0, write: (writer: WireWriter, value: unknown) => writer.integer(value as bigint) },
  float: { wire: 5, write: (writer: WireWriter, value: unknown) => writer.float(value as number) },
  double: { wire: 1, write: (writer: WireWriter, value: unknown) => writer.double(value as number) },
} as const;

const isPacked = ({ kind }: FieldRule): boolean => typeof kind === 'string' && Object.hasOwn(scalars, kind);

function writePacked(writer: WireWriter, number: number, { kind }: FieldRule, values: readonly unknown[]): void {
  if (values.length === 0) return;
  const inner = new WireWriter();
  for (const value of values) scalars[kind as NumberKind].write(inner, value);
  writer.tag(number, 2);
  writer.sized(inner.bytes());
}

function writeOne(writer: WireWriter, number: number, field: FieldRule, value: unknown): void {
  const { kind } = field;
  if (isPacked(field)) {
    const { wire, write } = scalars[kind as NumberKind];
    writer.tag(number, wire);
    write(writer, value);
    return;
  }
  writer.tag(number, 2);
  if (typeof kind === 'function') writer.sized(encodeMessage(value as object, kind()));
  else if (kind === 'text') writer.sized(encodeUtf8(value as string));
  else writer.sized(bytesOf(field, value as FieldBytes));
}

function bytesOf({ name }: FieldRule, { bytes, offset, length }: FieldBytes): Uint8Array {
  if (bytes) return bytes;
  throw new ArgumentError(
    'encodeMessage',
    `${name} is ${length} bytes at ${offset} of a file that was not read; read them first, and give them as bytes`,
  );
}

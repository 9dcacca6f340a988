/** What a protobuf message is, as data: reading and writing walk the same table. */

/**
 * How a value is kept: `integer` as a number (see `wholeNumber`), `exact` as a bigint, `bytes` as a place in the file, so that
 * weights stay there until they are asked for.
 */
export type ScalarKind = 'integer' | 'exact' | 'float' | 'double' | 'text' | 'bytes';

/** Bytes of a field: a place in the file, and the bytes themselves where they had been read, or were made here. */
export interface FieldBytes {
  /** In the file; 0 where the bytes were made here. */
  readonly offset: number;
  readonly length: number;
  readonly bytes?: Uint8Array;
}

/** One field of a message. */
export interface FieldRule {
  readonly name: string;
  /** A scalar, or the rule of the message that it holds: a function, since messages hold each other. */
  readonly kind: ScalarKind | (() => MessageRule);
  /** Whether there may be many, which is then an array, perhaps empty. */
  readonly many: boolean;
}

/** A message: its fields by their numbers. */
export interface MessageRule<Message = object> {
  readonly name: string;
  readonly fields: ReadonlyMap<number, FieldRule>;
  /** Only for types: what is read by this rule. */
  readonly gives?: Message;
}

/** What each field of a message is: its number, its kind, and `many` where there may be several. */
export type FieldTable<Message> = {
  readonly [Name in keyof Required<Message>]: readonly [number, FieldRule['kind'], 'many'?];
};

/** A rule from the fields of a message by their names. */
export function messageRule<Message extends object>(name: string, table: FieldTable<Message>): MessageRule<Message> {
  const rows = Object.entries(table) as [string, readonly [number, FieldRule['kind'], 'many'?]][];
  return {
    name,
    fields: new Map(
      rows.map(([field, [number, kind, many]]) => [number, { name: field, kind, many: many === 'many' }]),
    ),
  };
}

const limit = 2n ** 53n;

/**
 * A signed 64-bit integer as a number. Those at the ends of the range, by which ONNX says "as far as there is", are ±2^63.
 * Undefined for others that a number does not hold exactly.
 */
export function wholeNumber(value: bigint): number | undefined {
  if (value <= limit && value >= -limit) return Number(value);
  if (value > 2n ** 62n || value < -(2n ** 62n)) return value > 0n ? 2 ** 63 : -(2 ** 63);
  return undefined;
}

/** The signed 64-bit integer that a number stands for; the reverse of `wholeNumber`. */
export function exactInteger(value: number): bigint {
  if (value >= 2 ** 63) return 2n ** 63n - 1n;
  return value <= -(2 ** 63) ? -(2n ** 63n) : BigInt(value);
}

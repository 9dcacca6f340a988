/** The messages of Arrow's files and streams: what each says, and its body. Source: "Arrow IPC format", Apache Arrow; `Message.fbs`, `File.fbs`. */
import { FormatError } from '@espalier/nn';
import { FlatMessage, type FlatTable } from './flat-table.ts';

/** Kinds of messages that tables are made of. */
export const messageKinds = { schema: 1, dictionary: 2, record: 3 } as const;

/** A message. */
export interface ArrowMessage {
  readonly kind: number;
  readonly header: FlatTable;
  readonly body: Uint8Array;
  /** Where the body begins in the file. */
  readonly bodyAt: number;
  /** Where the message ends in the file. */
  readonly end: number;
}

const magic = 'ARROW1';
/** The mark and two bytes of nothing. */
const headBytes = 8;
/** The length of the footer and the mark. */
const tailBytes = 10;
const blockBytes = 24;
/** Format versions V4 and V5; before them buffers lay otherwise. */
const versions = [3, 4];

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The message at a place before `limit`; undefined where the stream ends. */
function messageAt(source: string, bytes: Uint8Array, from: number, limit: number): ArrowMessage | undefined {
  let at = from;
  const length = (): number => {
    if (at + 4 > limit) throw new FormatError(source, at, 'ends where the length of a message is');
    at += 4;
    return viewOf(bytes).getUint32(at - 4, true);
  };
  let size = length();
  // Since version 0.15 a mark stands before the length.
  if (size === 0xffff_ffff) size = length();
  if (size === 0) return undefined;
  if (at + size > limit)
    throw new FormatError(source, at, `says that a message has ${size} bytes where ${limit - at} are left`);
  const root = new FlatMessage(source, bytes.subarray(at, at + size), at).root();
  if (!versions.includes(root.i16(0))) root.refuse(`is of version ${root.i16(0) + 1} of the format; 4 and 5 are read`);
  const bodyAt = at + size;
  const bodyLength = root.count(3, 'the length of a body');
  if (bodyLength > limit - bodyAt)
    throw new FormatError(source, bodyAt, `says that a body has ${bodyLength} bytes where ${limit - bodyAt} are left`);
  const end = bodyAt + bodyLength;
  return { kind: root.u8(1), header: root.needed(2, 'header'), body: bytes.subarray(bodyAt, end), bodyAt, end };
}

function* streamMessages(source: string, bytes: Uint8Array): Generator<ArrowMessage> {
  for (let at = 0; at < bytes.length;) {
    const message = messageAt(source, bytes, at, bytes.length);
    if (!message) return;
    yield message;
    at = message.end;
  }
}

/** The messages that a list of blocks names, in no more bytes than the file has: each is there once. */
function* blockMessages(
  source: string,
  bytes: Uint8Array,
  footer: FlatTable,
  [field, kind]: readonly [number, number],
  limit: number,
): Generator<ArrowMessage> {
  const { message } = footer;
  const list = footer.list(field, blockBytes);
  let left = limit;
  for (let index = 0; index < list.length; index++) {
    const block = list.at + blockBytes * index;
    const offset = message.countAt(block, 'the place of a message');
    if (offset < headBytes || offset > limit) message.refuse(block, `says that a message is at ${offset}`);
    const found = messageAt(source, bytes, offset, limit);
    const described = offset + message.view.getInt32(block + 8, true);
    if (
      found?.kind !== kind ||
      found.bodyAt !== described ||
      found.end - described !== message.countAt(block + 16, 'the length of a body')
    )
      return message.refuse(block, `describes another message than there is at ${offset}`);
    left -= found.end - offset;
    if (left < 0) message.refuse(block, 'names the same messages again and again');
    yield found;
  }
}

/**
 * The schema of a file or stream, and the messages behind it: dictionaries before what is made of them.
 * @throws {FormatError} for version 1 of Feather, and for what does not begin or end as its kind does.
 */
export function arrowMessages(
  source: string,
  bytes: Uint8Array,
): { readonly schema: FlatTable; readonly batches: Iterable<ArrowMessage> } {
  const textAt = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + magic.length));
  if (textAt(0).startsWith('FEA1'))
    throw new FormatError(source, 0, 'is Feather of version 1, which is not read; write it as version 2');
  if (textAt(0) !== magic) {
    const messages = streamMessages(source, bytes);
    const first = messages.next().value as ArrowMessage | undefined;
    if (first?.kind !== messageKinds.schema)
      throw new FormatError(source, 0, 'does not begin with a schema, as an Arrow stream does');
    return { schema: first.header, batches: messages };
  }
  const tail = bytes.length - tailBytes;
  if (tail < headBytes || textAt(tail + 4) !== magic)
    throw new FormatError(source, Math.max(0, tail + 4), 'does not end as an Arrow file does; is it whole?');
  const length = viewOf(bytes).getInt32(tail, true);
  const start = tail - length;
  if (length < 0 || start < headBytes)
    throw new FormatError(source, tail, `says that ${length} bytes describe it, of ${bytes.length}`);
  const footer = new FlatMessage(source, bytes.subarray(start, tail), start).root();
  const blocks = [
    [2, messageKinds.dictionary],
    [3, messageKinds.record],
  ] as const;
  return {
    schema: footer.needed(1, 'schema'),
    batches: (function* () {
      for (const block of blocks) yield* blockMessages(source, bytes, footer, block, start);
    })(),
  };
}

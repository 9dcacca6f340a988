/**
 * Whether a structure in Thrift's compact protocol is whole: lists are no longer than the bytes that follow, and nothing goes deeper than
 * Parquet does. Looked at before a library believes the sizes in it. Source: "Thrift compact protocol encoding", Apache Thrift.
 */
import { variableLength } from './bit-runs.ts';
import type { RangeReader } from './range-reader.ts';

const [boolTrue, boolFalse, byte, i16, i32, i64, double, binary, list, struct] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 12,
] as const;
const mostDepth = 24;

type Skip = (reader: RangeReader, depth: number, inList: boolean) => void;

const number: Skip = (reader) => void variableLength(reader);
// Within a list a truth value takes a byte; as a field it is its type.
const truth: Skip = (reader, _, inList) => void (inList && reader.byte());

const skips: Readonly<Record<number, Skip>> = {
  [boolTrue]: truth,
  [boolFalse]: truth,
  [byte]: (reader) => void reader.byte(),
  [i16]: number,
  [i32]: number,
  [i64]: number,
  [double]: (reader) => void reader.bytes(8),
  [binary]: (reader) => void reader.bytes(Number(variableLength(reader))),
  [list]: (reader, depth) => {
    const head = reader.byte();
    const size = head >> 4 === 15 ? Number(variableLength(reader)) : head >> 4;
    if (size > reader.left) reader.refuse(`has a list of ${size} where ${reader.left} bytes are left`);
    for (let index = 0; index < size; index++) skip(reader, head & 15, depth + 1, true);
  },
  [struct]: (reader, depth) => checkThrift(reader, depth + 1),
};

function skip(reader: RangeReader, type: number, depth: number, inList: boolean): void {
  const found = skips[type];
  if (!found || depth > mostDepth)
    reader.refuse(`has a value of type ${type} at depth ${depth}, which there is not in Parquet`);
  else found(reader, depth, inList);
}

/**
 * Goes through a structure.
 * @throws {FormatError} where it is not whole.
 */
export function checkThrift(reader: RangeReader, depth = 0): void {
  for (;;) {
    const head = reader.byte();
    if (head === 0) return;
    if (head >> 4 === 0) variableLength(reader);
    skip(reader, head & 15, depth, false);
  }
}

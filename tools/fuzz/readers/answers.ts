/** Reads kept answers of teachers. */
import {
  decodeShard,
  encodeShard,
  rowBytes,
  type AnswerType,
} from '../../../packages/optimize/src/distill/cache/shard.ts';
import type { Reader } from '../engine/reader.ts';

const count = 3;
const types: ReadonlyMap<string, AnswerType> = new Map([
  ['', { dtype: 'f32', shape: [4] }],
  ['encoder.1', { dtype: 'f16', shape: [2, 3] }],
]);
const whole = new Map(
  [...types].map(([at, type]) => [
    at,
    Uint8Array.from({ length: count * rowBytes(type) }, (_, index) => (7 * index) % 251),
  ]),
);

/** What is read is what was written, to the last bit, or nothing. */
export const answersReader: Reader = {
  name: 'answers',
  seeds: async () => [await encodeShard('key', types, whole, count)],
  mutate: 'bytes',
  words: ['at:', 'digest', 'key', 'version'],
  read: async (input) => {
    const rows = await decodeShard(input, 'key', types, count);
    for (const [at, bytes] of rows ?? [])
      if (Buffer.compare(bytes, whole.get(at) ?? new Uint8Array()) !== 0)
        throw new Error(`a damaged file was read as the answers of '${at}'`);
  },
};

/** Reads files of tensors, for the most part with headers that lie. */
import { decodeSafetensors, encodeSafetensors, type RawTensor } from '@espalier/nn';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateJson } from '../engine/mutate-json.ts';
import type { Reader } from '../engine/reader.ts';

const file = (tensors: readonly (readonly [string, RawTensor])[], notes?: Record<string, string>): Uint8Array =>
  encodeSafetensors(new Map(tensors), notes);

const tensor = (dtype: RawTensor['dtype'], shape: readonly number[], bytes: number): RawTensor => ({
  dtype,
  shape,
  bytes: new Uint8Array(bytes).fill(1),
});

/** A file with another header before its values. */
function withHeader(header: Uint8Array, values: Uint8Array): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, values]);
}

/** Files of tensors: half of the mutants have another header of the length that they say. */
export const safetensorsReader: Reader = {
  name: 'safetensors',
  seeds: async () => [
    file([]),
    file([['weight', tensor('f32', [2, 3], 24)]]),
    file(
      [
        ['a', tensor('f16', [4], 8)],
        ['b', tensor('bool', [3], 3)],
        ['c', tensor('u32', [], 4)],
        ['empty', tensor('i8', [0, 5], 0)],
      ],
      { format: 'espalier', note: 'ü' },
    ),
  ],
  mutate: (input, random) => {
    if (random.chance(0.5)) return mutateBytes(input, random);
    const length = Number(Buffer.from(input).readBigUInt64LE());
    return withHeader(mutateJson(input.subarray(8, 8 + length), random), input.subarray(8 + length));
  },
  read: (input) => void decodeSafetensors(input),
};

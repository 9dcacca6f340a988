/** Reads files of tensors, for the most part with headers that lie. */
import { decodeSafetensors, encodeSafetensors, type RawTensor } from '@espalier/nn';
import { mutateSafetensors } from '../engine/mutate-safetensors.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

const file = (tensors: readonly (readonly [string, RawTensor])[], notes?: Record<string, string>): Uint8Array =>
  encodeSafetensors(new Map(tensors), notes);

const tensor = (dtype: RawTensor['dtype'], shape: readonly number[], bytes: number): RawTensor => ({
  dtype,
  shape,
  bytes: new Uint8Array(bytes).fill(1),
});

/** Files of tensors. */
export const safetensorsReader: Reader = {
  name: 'safetensors',
  limit: ofObjects,
  seeds: async () => [
    file([]),
    file([['weight', tensor('f32', [2, 3], 24)]]),
    file([['large', tensor('f32', [256, 128], 1 << 17)]]),
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
  mutate: mutateSafetensors,
  read: (input, _, passed) => {
    decodeSafetensors(input);
    passed();
  },
};

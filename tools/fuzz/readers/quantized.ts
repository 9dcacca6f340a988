/** Reads checkpoints that were saved quantized, by each method, whatever it was saved by. */
import { readdirSync, readFileSync } from 'node:fs';
import { FormatError } from '@espalier/nn';
import { dequantizedSource, openTensors } from '@espalier/models';
import { ArgumentError } from '@espalier/tensor';
import { mutateSafetensors } from '../engine/mutate-safetensors.ts';
import { collectingBytes } from '../engine/collecting-bytes.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

const folder = new URL('../../../packages/models/test/golden/quantized/', import.meta.url);

const configs = [
  { quant_method: 'gptq', bits: 4, group_size: 32 },
  { quant_method: 'gptq', bits: 8, group_size: -1 },
  { quant_method: 'awq', bits: 4, group_size: 32 },
  { quant_method: 'bitsandbytes' },
  { quant_method: 'compressed-tensors', config_groups: { group_0: { weights: { num_bits: 4, group_size: 32 } } } },
  { quant_method: 'compressed-tensors', config_groups: { group_0: { weights: { num_bits: 8, group_size: null } } } },
];

/** Files of one method are damaged ones of another. */
export const quantizedReader: Reader = {
  name: 'quantized',
  limit: ofObjects,
  seeds: async () =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.safetensors'))
      .map((name) => readFileSync(new URL(name, folder))),
  mutate: mutateSafetensors,
  read: async (input, _, passed) => {
    const file = await openTensors(collectingBytes(input), { type: 'safetensors' });
    passed();
    for (const config of configs)
      try {
        const source = await dequantizedSource(file, config);
        for (const name of source.quantized) await source.read(name);
        for (const name of source.quantized) (await source.matrix(name)).dispose();
      } catch (error) {
        if (!(error instanceof FormatError || error instanceof ArgumentError)) throw error;
      }
  },
};

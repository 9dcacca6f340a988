/** Reads GGUF files and safetensors by range, whole and in parts: opened, every tensor read, and written again. */
import { readFileSync } from 'node:fs';
import { encodeSafetensors, FormatError } from '@espalier/nn';
import {
  carriedTensor,
  gguf,
  isReadable,
  memorySink,
  openTensors,
  readTensor,
  safetensors,
  type Container,
  type TensorSource,
} from '@espalier/models';
import { collectingBytes } from '../engine/collecting-bytes.ts';
import { largeFile } from '../engine/large-file.ts';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateRange } from '../engine/mutate-range.ts';
import { mutateSafetensors } from '../engine/mutate-safetensors.ts';
import type { Random } from '../engine/random.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

const golden = new URL('../../../packages/models/test/golden/every-type.gguf', import.meta.url);

/** Reads all values, makes tensors of those that can be, and writes the same file. */
async function use(source: TensorSource, container: Container): Promise<void> {
  for (const [name, { dtype }] of source.tensors) {
    await source.read(name);
    if (isReadable(dtype)) (await allowLoss(readTensor(source, name)))?.dispose();
  }
  const tensors = new Map([...source.tensors.keys()].map((name) => [name, carriedTensor(source, name)]));
  await container.write?.(memorySink(), tensors, source.metadata);
  await source.close();
}

/** An integer of 64 bits that 32 do not hold is refused by name: that is right. */
async function allowLoss<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Numbers that counts, lengths and types are in damaged files. */
const tellings: readonly bigint[] = [
  0n,
  1n,
  2n,
  9n,
  255n,
  65_535n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 64n - 1n,
];

/** Most mutants have another number of 32 or 64 bits somewhere in the header, or other bits in as many bytes. */
function mutateNumbers(input: Uint8Array, random: Random): Uint8Array {
  const chance = random.uniform();
  if (chance < 0.3) return mutateBytes(input, random);
  if (chance < 0.75) return mutateRange(input, random, random.chance(0.5) ? 0 : Math.min(1000, input.length >> 1));
  const bytes = Buffer.from(input);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(Math.max(1, Math.min(1000, bytes.length - 8)));
    const value = tellings[random.below(tellings.length)] ?? 0n;
    if (random.chance(0.5)) bytes.writeBigUInt64LE(value, at);
    else bytes.writeUInt32LE(Number(value & 0xffffffffn), at);
  }
  return bytes;
}

/** Files of llama.cpp. */
export const ggufReader: Reader = {
  name: 'gguf',
  seeds: async () => [readFileSync(golden), await largeFile(gguf.write)],
  mutate: mutateNumbers,
  read: async (input, _, passed) => {
    const source = await openTensors(collectingBytes(input, 'x.gguf'), { type: 'gguf' });
    passed();
    await use(source, gguf);
  },
};

const values = new Uint8Array(24).fill(1);
const file = encodeSafetensors(
  new Map([
    ['a', { dtype: 'F16', shape: [12], bytes: values }],
    ['b', { dtype: 'I64', shape: [3], bytes: values }],
    ['c', { dtype: 'F4', shape: [6, 8], bytes: values }],
    ['d', { dtype: 'BOOL', shape: [24], bytes: values }],
    ['e', { dtype: 'F8_E4M3', shape: [0, 5], bytes: new Uint8Array(0) }],
  ]),
  { format: 'pt' },
);

/** Files of safetensors, by range. */
export const safetensorsRangeReader: Reader = {
  name: 'safetensors-range',
  limit: ofObjects,
  seeds: async () => [file, await largeFile(safetensors.write)],
  mutate: mutateSafetensors,
  read: async (input, _, passed) => {
    const source = await openTensors(collectingBytes(input), { type: 'safetensors' });
    passed();
    await use(source, safetensors);
  },
};

/** The index of several files of safetensors, of which one is there. */
export const safetensorsIndexReader: Reader = {
  name: 'safetensors-index',
  limit: ofObjects,
  seeds: async () => [Buffer.from('{"metadata": {"total_size": 48}, "weight_map": {"a": "one", "b": "one"}}')],
  mutate: 'json',
  read: async (input, _, passed) => {
    const options = {
      type: 'safetensors-index',
      sibling: async (name: string) => (name === 'one' ? collectingBytes(file, name) : undefined),
    };
    const source = await openTensors(collectingBytes(input), options);
    passed();
    for (const name of source.tensors.keys()) await source.read(name);
    await source.close();
  },
};

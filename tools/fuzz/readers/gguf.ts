/** Reads GGUF files and safetensors by range, whole and in parts: opened, every tensor read, and written again. */
import { readFileSync } from 'node:fs';
import { encodeSafetensors, FormatError } from '@espalier/nn';
import {
  bytesOf,
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
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateJson } from '../engine/mutate-json.ts';
import type { Random } from '../engine/random.ts';
import type { Reader } from '../engine/reader.ts';

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

/** Half of the mutants have another number of 32 or 64 bits somewhere in the header. */
function mutateNumbers(input: Uint8Array, random: Random): Uint8Array {
  if (random.chance(0.5)) return mutateBytes(input, random);
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
  seeds: async () => [readFileSync(golden)],
  mutate: mutateNumbers,
  read: async (input) => use(await openTensors(bytesOf(input, 'x.gguf'), { type: 'gguf' }), gguf),
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
  seeds: async () => [file],
  mutate: (input, random) => {
    if (random.chance(0.5)) return mutateBytes(input, random);
    const length = Number(Buffer.from(input).readBigUInt64LE());
    const header = mutateJson(input.subarray(8, 8 + length), random);
    const said = Buffer.alloc(8);
    said.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([said, header, input.subarray(8 + length)]);
  },
  read: async (input) => use(await openTensors(bytesOf(input), { type: 'safetensors' }), safetensors),
};

/** The index of several files of safetensors, of which one is there. */
export const safetensorsIndexReader: Reader = {
  name: 'safetensors-index',
  seeds: async () => [Buffer.from('{"metadata": {"total_size": 48}, "weight_map": {"a": "one", "b": "one"}}')],
  mutate: 'json',
  read: async (input) => {
    const options = {
      type: 'safetensors-index',
      sibling: async (name: string) => (name === 'one' ? bytesOf(file, name) : undefined),
    };
    const source = await openTensors(bytesOf(input), options);
    for (const name of source.tensors.keys()) await source.read(name);
    await source.close();
  },
};

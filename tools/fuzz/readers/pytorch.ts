/** Reads files of PyTorch of both layouts, arrays of NumPy, and zip files: nothing of them is executed. */
import { readdirSync, readFileSync } from 'node:fs';
import { bytesOf, importModel, memorySink, openPyTorch, writePyTorchLike } from '@espalier/models';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import type { Random } from '../engine/random.ts';
import type { Reader } from '../engine/reader.ts';

const goldenFiles = new URL('../../../packages/models/test/golden/pytorch/', import.meta.url);

const seedsOf = (isWanted: (name: string) => boolean): readonly Uint8Array[] =>
  readdirSync(goldenFiles)
    .filter((name) => name.endsWith('.pth') && isWanted(name))
    .map((name) => readFileSync(new URL(name, goldenFiles)));

const isOld = (name: string): boolean => name.includes('legacy');

/** A zip file whose checksums nobody has computed. */
export function withoutChecksums(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input);
  for (let at = bytes.indexOf('PK\u0001\u0002'); at >= 0; at = bytes.indexOf('PK\u0001\u0002', at + 4))
    if (at + 20 <= bytes.length) bytes.writeUInt32LE(0, at + 16);
  return bytes;
}

/** Half of the mutants differ in the pickle alone, which is the first entry. */
function mutatePickle(input: Uint8Array, random: Random): Uint8Array {
  const bytes = Buffer.from(input);
  const [begin, end] = [bytes.indexOf('\u0080\u0002', 0, 'latin1'), bytes.indexOf('PK\u0007\u0008')];
  if (begin < 0 || end < begin || random.chance(0.5)) return mutateBytes(input, random);
  const pickle = mutateBytes(bytes.subarray(begin, end), random);
  const fitted = Buffer.alloc(end - begin);
  fitted.set(pickle.subarray(0, end - begin));
  return Buffer.concat([bytes.subarray(0, begin), fitted, bytes.subarray(end)]);
}

/** Reads all tensors, makes a model of them, and writes the like. */
async function read(input: Uint8Array): Promise<void> {
  const source = await openPyTorch(bytesOf(input));
  for (const name of source.tensors.keys()) await source.read(name);
  await writePyTorchLike(memorySink(), source, new Map());
  const { module } = await importModel(source);
  module.dispose();
}

/** Files of the layout since 1.6. */
export const pytorchReader: Reader = {
  name: 'pytorch',
  seeds: async () => seedsOf((name) => !isOld(name) && name !== 'two-states.pth'),
  mutate: mutatePickle,
  mend: withoutChecksums,
  read,
};

/** Files of the layout before. */
export const pytorchLegacyReader: Reader = {
  name: 'pytorch-legacy',
  seeds: async () => seedsOf(isOld),
  mutate: 'bytes',
  read,
};

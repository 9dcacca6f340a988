/** Reads files of PyTorch of both layouts, arrays of NumPy, and zip files: nothing of them is executed. */
import { readdirSync, readFileSync } from 'node:fs';
import { importModel, memorySink, openPyTorch, writePyTorchLike, writeStateDict } from '@espalier/models';
import { collectingBytes } from '../engine/collecting-bytes.ts';
import { largeFile } from '../engine/large-file.ts';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutatePickle } from '../engine/mutate-pickle.ts';
import { mutateRange } from '../engine/mutate-range.ts';
import type { Random } from '../engine/random.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';
import { mutateZip } from '../engine/zip.ts';

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

/** Most mutants differ in one entry alone: in the pickle instruction by instruction, elsewhere in any bytes. */
function mutateTorch(input: Uint8Array, random: Random): Uint8Array {
  if (random.chance(0.3)) return mutateBytes(input, random);
  return mutateZip(input, random, (bytes, _, name) =>
    name.endsWith('.pkl') && random.chance(0.8) ? mutatePickle(bytes, random) : mutateBytes(bytes, random),
  );
}

/** Mutants of the old layout, which is pickles and then values: for the most part instruction by instruction. */
function mutateLegacy(input: Uint8Array, random: Random): Uint8Array {
  if (random.chance(0.55)) return mutatePickle(input, random);
  return random.chance(0.5) ? mutateBytes(input, random) : mutateRange(input, random, input.length >> 1);
}

/** Reads all tensors, and makes a model of them. */
const read: Reader['read'] = async (input, _, passed) => {
  const source = await openPyTorch(collectingBytes(input));
  passed([...source.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0));
  for (const name of source.tensors.keys()) await source.read(name);
  const { module } = await importModel(source);
  module.dispose();
};

/** Writes the like, which takes memory for what is written. */
const use: Reader['use'] = async (input) => {
  const source = await openPyTorch(collectingBytes(input));
  await writePyTorchLike(memorySink(), source, new Map());
};

/** Files of the layout since 1.6. */
export const pytorchReader: Reader = {
  name: 'pytorch',
  limit: ofObjects,
  seeds: async () => [...seedsOf((name) => !isOld(name) && name !== 'two-states.pth'), await largeFile(writeStateDict)],
  mutate: mutateTorch,
  mend: withoutChecksums,
  read,
  use,
};

/** Files of the layout before. */
export const pytorchLegacyReader: Reader = {
  name: 'pytorch-legacy',
  limit: ofObjects,
  seeds: async () => seedsOf(isOld),
  mutate: mutateLegacy,
  read,
  use,
};

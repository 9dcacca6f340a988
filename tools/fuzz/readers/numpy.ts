/** Reads arrays of NumPy, alone and in zip files. */
import { readdirSync, readFileSync } from 'node:fs';
import { npy, npz, openTensors } from '@espalier/models';
import { collectingBytes } from '../engine/collecting-bytes.ts';
import { largeFile } from '../engine/large-file.ts';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { entriesOf, mutateZip, zipOf } from '../engine/zip.ts';
import { mutateRange } from '../engine/mutate-range.ts';
import type { Random } from '../engine/random.ts';
import type { Reader } from '../engine/reader.ts';
import { withoutChecksums } from './pytorch.ts';

const folder = new URL('../../../packages/models/test/golden/numpy/', import.meta.url);
const arrays = /^(?:f4|big-c8|columns-big|scalar|version-3)\.npy$|\.npz$/u;

/** An array with another header, of which a part is a text, or with other values. */
function mutateArray(input: Uint8Array, random: Random): Uint8Array {
  const chance = random.uniform();
  if (chance < 0.2) return mutateBytes(input, random);
  if (chance < 0.5) return mutateRange(input, random, Math.min(128, input.length));
  const text = Buffer.from(input).toString('latin1', 0, Math.min(128, input.length));
  const other = text.replace(random.pick([/\(.*?\)/u, /<f4|>f4|>c8/u, /True|False/u, /1|2|3/u, / /u]), () =>
    random.pick(words),
  );
  // What the header loses or wins, its blanks at the end make up for.
  const head = other.replace(/ *\n$/u, '').padEnd(text.length - 1);
  return Buffer.concat([Buffer.from(`${head}\n`, 'latin1'), input.subarray(text.length)]);
}

/** What may stand in the header of an array. */
const words = ['(2, 3)', '(6,)', '(3, 2)', '(65536,)', '(128, 512)', '()', '(0,)', '(4294967296, 4294967296)', '<f4', '>i4', '<u4', '|b1', '<c8', '|O', 'True', 'False', '  ', '5L']; // prettier-ignore

const isZip = (input: Uint8Array): boolean => input[0] === 0x50;

/** Files of NumPy. */
export const numpyReader: Reader = {
  name: 'numpy',
  seeds: async () => {
    const packed = await largeFile(npz.write);
    return [
      ...readdirSync(folder)
        .filter((name) => arrays.test(name))
        .map((name) => readFileSync(new URL(name, folder))),
      await largeFile(npy.write),
      packed,
      zipOf(entriesOf(packed).map((entry) => ({ ...entry, isDeflated: true }))),
    ];
  },
  mutate: (input, random) => {
    if (random.chance(0.3)) return mutateBytes(input, random);
    return isZip(input) ? mutateZip(input, random, mutateArray) : mutateArray(input, random);
  },
  mend: withoutChecksums,
  read: async (input, _, passed) => {
    const source = await openTensors(collectingBytes(input));
    passed([...source.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0));
    for (const [name, { bytes }] of source.tensors) {
      await source.read(name, { begin: 0, end: Math.min(bytes, 3) });
      await source.read(name);
    }
  },
};

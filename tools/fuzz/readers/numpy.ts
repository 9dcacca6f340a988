/** Reads arrays of NumPy, alone and in zip files. */
import { readdirSync, readFileSync } from 'node:fs';
import { bytesOf, openTensors } from '@espalier/models';
import type { Reader } from '../engine/reader.ts';
import { withoutChecksums } from './pytorch.ts';

const folder = new URL('../../../packages/models/test/golden/numpy/', import.meta.url);
const arrays = /^(?:f4|big-c8|columns-big|scalar|version-3)\.npy$|\.npz$/u;

/** Files of NumPy. */
export const numpyReader: Reader = {
  name: 'numpy',
  seeds: async () =>
    readdirSync(folder)
      .filter((name) => arrays.test(name))
      .map((name) => readFileSync(new URL(name, folder))),
  mutate: 'bytes',
  mend: withoutChecksums,
  read: async (input) => {
    const source = await openTensors(bytesOf(input));
    for (const [name, { bytes }] of source.tensors) {
      await source.read(name, { begin: 0, end: Math.min(bytes, 3) });
      await source.read(name);
    }
  },
};

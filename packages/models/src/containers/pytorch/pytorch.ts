/** Files of PyTorch as a container. */
import { readBytes, type ByteSource } from '@espalier/nn/format';
import { isZip, readDirectory } from '../../zip/directory.ts';
import type { Container } from '../container.ts';
import { isLegacy } from './legacy-layout.ts';
import { openNpz } from '../numpy/open-numpy.ts';
import { openPyTorch } from './open-pytorch.ts';
import { lossesOf, writeStateDict } from './write-pytorch.ts';

/** Where the name of the first entry of a zip file begins. */
const nameAt = 30;

/** Whether a zip file is one of NumPy, whose first name is too long to be seen whole in its first bytes. */
async function holdsArrays(source: ByteSource): Promise<boolean> {
  const head = await readBytes(source, 0, Math.min(64, source.size), 'its head');
  if (!isZip(head)) return false;
  const names = [...(await readDirectory(source)).keys()];
  return names.length > 0 && names.every((name) => name.endsWith('.npy'));
}

/** `.pth`, `.pt` and `.bin`: both layouts are read, the zip layout is written. */
export const pytorch: Container = {
  type: 'pytorch',
  extensions: ['pth', 'pt', 'bin', 'ckpt'],
  detects: (head) => {
    if (!isZip(head)) return isLegacy(head);
    // The first entry of an .npz is NAME.npy; here it is ROOT/data.pkl, of which 34 characters can be seen.
    const name = String.fromCharCode(...head.subarray(nameAt, nameAt + (head[26] ?? 0) + 256 * (head[27] ?? 0)));
    return !name.endsWith('.npy');
  },
  open: async (source) => ((await holdsArrays(source)) ? openNpz(source) : openPyTorch(source)),
  losses: lossesOf,
  write: writeStateDict,
};

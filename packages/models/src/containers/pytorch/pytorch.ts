/** Files of PyTorch as a container. */
import { isZip } from '../../zip/directory.ts';
import type { Container } from '../container.ts';
import { isLegacy } from './legacy-layout.ts';
import { openPyTorch } from './open-pytorch.ts';
import { lossesOf, writeStateDict } from './write-pytorch.ts';

/** Where the name of the first entry of a zip file begins. */
const nameAt = 30;

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
  open: (source) => openPyTorch(source),
  losses: lossesOf,
  write: writeStateDict,
};

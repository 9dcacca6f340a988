/** Finished layers of a compression in a folder. */
import { join } from 'node:path';
import { siblingsOf, writeFileBy } from '@espalier/models/node';
import { aText, check } from '@espalier/tensor/arguments';
import type { PartStore } from '../compress/parts.ts';

/** Keeps finished layers in a folder, which is made when the first of them is there. */
export function partFolder(folder: string): PartStore {
  check('partFolder', 'folder', folder, aText);
  return {
    find: siblingsOf(join(folder, 'work.json')),
    write: (name, write) => writeFileBy(join(folder, name), write),
  };
}

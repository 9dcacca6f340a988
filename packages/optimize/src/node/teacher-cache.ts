/** A folder in which the answers of teachers are kept. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import { aCount, aText, check, checkOptions } from '@espalier/tensor/arguments';
import type { TeacherCache } from '../distill/cache/teacher-cache.ts';

/** How much of a cache is held in memory. */
export interface TeacherCacheOptions {
  /** Bytes of answers that may be held in memory; of more, rows are read as they are wanted. Default: 256 MiB. */
  readonly memoryBytes?: number;
}

/** Undefined instead of the error that there is no such file. */
function missing(error: unknown): undefined {
  if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
  throw error;
}

/**
 * The cache of `distill({ cache })` in a folder, which is made when something is written to it. Files appear at once or not at
 * all, so that several trainings may share it; none is ever removed.
 */
export function teacherCacheIn(folder: string, options: TeacherCacheOptions = {}): TeacherCache {
  check('teacherCacheIn', 'folder', folder, aText);
  const { memoryBytes } = checkOptions('teacherCacheIn', options, { memoryBytes: aCount });
  return {
    ...(memoryBytes !== undefined && { memoryBytes }),
    read: (name) => readFile(join(folder, name)).catch(missing),
    readPart: async (name, offset, length) => {
      const file = await open(join(folder, name), 'r');
      try {
        const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    write: (name, bytes) => writeFileAtomic(join(folder, name), bytes),
  };
}

/** Reads lock files, which any process may have left half written. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../../../packages/storage/src/journal/file-lock.ts';
import { ownIdentity } from '../../../packages/storage/src/process-identity.ts';
import type { Reader } from '../engine/reader.ts';

/** What a lock file says of whoever holds it. */
export const lockFileReader: Reader = {
  name: 'lock-file',
  seeds: async () => {
    const own = ownIdentity();
    return [
      { ...own, started: 'another boot 4' },
      { ...own, pid: 2 ** 22 - 1 },
    ].map((each) => Buffer.from(JSON.stringify(each)));
  },
  mutate: 'json',
  read: (input, folder) => {
    const file = join(folder, 'study.jsonl');
    writeFileSync(`${file}.lock`, input);
    lockFile(file, `journal:${file}`)();
  },
};

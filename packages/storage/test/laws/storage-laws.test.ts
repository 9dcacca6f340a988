import { join } from 'node:path';
import { journalStorage, sqliteStorage } from '@espalier/storage';
import type { Storage } from '@espalier/search';
import { storageLaws, type StorageHarness } from '@espalier/testing/search';
import { describe, it } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const rows = (harness: StorageHarness) => storageLaws(harness).map(({ name, check }) => [name, check] as const);

describe('journal', () => {
  const folder = temporaryFolder();
  let count = 0;
  const create = (): Promise<Storage> => journalStorage(join(folder(), `${(count += 1)}.jsonl`), { sync: 'never' });
  const reopen = async (storage: Storage): Promise<Storage> => {
    await storage.close();
    return journalStorage(storage.url.replace('journal:', ''));
  };
  it.each(rows({ create, reopen }))('%s', (_, check) => check());
});

describe('sqlite', () => {
  const folder = temporaryFolder();
  let count = 0;
  const create = (): Promise<Storage> => sqliteStorage(join(folder(), `${(count += 1)}.db`));
  const reopen = async (storage: Storage): Promise<Storage> => {
    await storage.close();
    return sqliteStorage(storage.url.replace('sqlite:', ''));
  };
  it.each(rows({ create, reopen }))('%s', (_, check) => check());
});

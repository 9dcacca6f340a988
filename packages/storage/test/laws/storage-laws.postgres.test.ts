import type { Storage } from '@espalier/search';
import { postgresStorage } from '@espalier/storage';
import { storageLaws } from '@espalier/testing/search';
import { describe, it } from 'vitest';
import { postgresServer } from '../helpers/postgres.ts';

describe('postgres', () => {
  const { emptyDatabase } = postgresServer();
  const create = async (): Promise<Storage> => postgresStorage(await emptyDatabase());
  const reopen = async (storage: Storage): Promise<Storage> => {
    await storage.close();
    return postgresStorage(storage.url);
  };
  it.each(storageLaws({ create, reopen }).map(({ name, check }) => [name, check] as const))('%s', (_, check) =>
    check(),
  );
});

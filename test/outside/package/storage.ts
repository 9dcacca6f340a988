/** Storages by names on a shelf: each is a database in a folder of its own. */
import { StorageError, type StorageType } from '@espalier/search';
import { sqliteStorage } from '@espalier/storage';

export const shelf: StorageType = {
  scheme: 'shelf',
  form: 'shelf:folder',
  open: async (url) => {
    const folder = url.slice('shelf:'.length);
    if (folder === '') throw new StorageError(url, 'it names no folder: write shelf:folder');
    return { ...(await sqliteStorage(`${folder}/studies.db`)), url };
  },
};

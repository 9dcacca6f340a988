/** A journal for whoever looks on while another process writes it. */
import { readFile, stat } from 'node:fs/promises';
import { logStorage, StorageError, type Storage } from '@espalier/search';
import { contentOf, readJournal } from './journal-format.ts';

/**
 * A journal beside the process that writes it: reads it anew whenever it has changed, changes nothing, and refuses to.
 * @throws {StorageError} when there is no such file.
 * @throws {FormatError} when it is damaged before its last line, or is not a journal.
 */
export async function readOnlyJournal(path: string): Promise<Storage> {
  const url = `journal:${path}?mode=ro`;
  const write = async (): Promise<never> => {
    throw new StorageError(url, 'it was opened to read only: open it without ?mode=ro to write', {
      code: 'storage-read-only',
    });
  };
  const absent = (cause: unknown): never => {
    throw new StorageError(url, 'there is no such file, or it cannot be read: check the path', {
      cause,
      code: 'storage-missing',
    });
  };
  const load = async (): Promise<Storage> =>
    logStorage({ url, ...contentOf(path, readJournal(path, await readFile(path).catch(absent))), write });
  let known: { readonly version: string; readonly storage: Promise<Storage> } | undefined;
  const current = async (): Promise<Storage> => {
    const { ino, size, mtimeMs } = await stat(path).catch(absent);
    const version = `${ino} ${size} ${mtimeMs}`;
    if (known?.version !== version) known = { version, storage: load() };
    return known.storage;
  };
  await current();
  return {
    url,
    createStudy: write,
    readStudy: async (study) => (await current()).readStudy(study),
    listStudies: async () => (await current()).listStudies(),
    read: async (study, after) => (await current()).read(study, after),
    enqueue: write,
    claim: write,
    renew: write,
    append: write,
    close: async () => undefined,
  };
}

/** The journal: studies in one file that is only ever appended to, for one process at a time. */
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { logStorage, type LogEntry, type Storage } from '@espalier/search';
import { explainFile } from '../file-errors.ts';
import { makeFolder } from '../make-folder.ts';
import { lockFile } from './file-lock.ts';
import { JournalFile } from './journal-file.ts';
import { contentOf, journalHeader, readJournal, writeEntry } from './journal-format.ts';
import { readOnlyJournal } from './read-only-journal.ts';

/** How a journal is opened. */
export interface JournalOptions {
  /**
   * When to force what is written to the disk: `results` (the default) with every trial that finishes and every study
   * created, `always` with every write, `never` by the system alone. A killed process loses nothing either way; a
   * power cut can lose what was not yet forced, and then no more than the end of the file.
   */
  readonly sync?: 'results' | 'always' | 'never';
  /**
   * Only reads, without the lock, beside a process that writes, and sees what it has written: as the URL
   * `journal:path?mode=ro` does. Default false.
   */
  readonly readOnly?: boolean;
}

/** What must reach the disk before it is acknowledged, under `sync: 'results'`. */
function isResult(entry: LogEntry): boolean {
  return 'create' in entry || entry.events.some(({ type }) => type === 'finish');
}

/**
 * Opens a journal, an append-only file of JSON lines with checksums, and creates it if need be. One process at a time
 * writes it; a lock file beside it says which. Opening repairs what a killed writer left: a torn last line is cut off,
 * and the trials it was running wait again with their numbers and configs.
 * @throws {StorageLockedError} when another process writes it.
 * @throws {StorageError} when it cannot be read or written.
 * @throws {FormatError} when it is damaged before its last line, or is not a journal.
 */
export async function journalStorage(path: string, options: JournalOptions = {}): Promise<Storage> {
  const { sync = 'results', readOnly = false } = options;
  if (readOnly) return readOnlyJournal(path);
  const url = `journal:${path}`;
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw explainFile(url, dirname(path), error);
  }
  const unlock = lockFile(path, url);
  try {
    return await openForWriting(path, url, sync, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Opens the file, and makes it if need be. */
async function openFile(path: string, url: string): Promise<FileHandle> {
  try {
    // Created first, then opened as 'r+': under 'a' the system ignores the positions at which lines are written.
    await (await open(path, 'a')).close();
    return await open(path, 'r+');
  } catch (error) {
    throw explainFile(url, path, error);
  }
}

async function openForWriting(
  path: string,
  url: string,
  sync: NonNullable<JournalOptions['sync']>,
  unlock: () => void,
): Promise<Storage> {
  const handle = await openFile(path, url);
  try {
    const content = readJournal(path, await handle.readFile());
    await handle.truncate(content.length);
    const file = new JournalFile(handle, path, content.length);
    if (content.length === 0) await file.append(journalHeader, sync !== 'never');
    return await logStorage({
      url,
      ...contentOf(path, content),
      write: (entry) => file.append(writeEntry(entry), sync === 'always' || (sync === 'results' && isResult(entry))),
      recovery: 'its process ended',
      release: async () => {
        try {
          await file.close();
        } finally {
          unlock();
        }
      },
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

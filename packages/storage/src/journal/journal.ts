import { FormatError, logStorage, StorageError } from '@espalier/search';
import type { LogEntry, LogStorageOptions, Storage } from '@espalier/search';
import { mkdir, open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lockFile } from './file-lock.ts';
import { journalHeader, readJournal, writeEntry } from './journal-format.ts';
import type { JournalContent } from './journal-format.ts';

/** How a journal is opened. */
export interface JournalOptions {
  /**
   * When to force what is written to the disk: `results` (the default) with every trial that finishes and every study
   * created, `always` with every write, `never` by the system alone. A killed process loses nothing either way; a
   * power cut can lose what was not yet forced, and then no more than the end of the file.
   */
  readonly sync?: 'results' | 'always' | 'never';
  /** Only reads, without the lock, beside a process that writes. Default false. */
  readonly readOnly?: boolean;
}

/** What a journal holds, and the error for lines that do not follow from each other. */
function contentOf(file: string, { entries }: JournalContent): Pick<LogStorageOptions, 'entries' | 'damaged'> {
  return {
    entries: entries.map(({ entry }) => entry),
    damaged: (index, found) => {
      const problem = `the journal tells ${found}, so lines are missing: restore the file from a copy`;
      return new FormatError(file, entries[index]?.line ?? 0, problem);
    },
  };
}

/** What must reach the disk before it is acknowledged, under `sync: 'results'`. */
function isResult(entry: LogEntry): boolean {
  return 'create' in entry || entry.events.some(({ type }) => type === 'finish');
}

/** The one file that a journal appends to. */
class JournalFile {
  readonly #handle: FileHandle;
  readonly #url: string;
  #length: number;

  constructor(handle: FileHandle, url: string, length: number) {
    this.#handle = handle;
    this.#url = url;
    this.#length = length;
  }

  /** Appends a text whole: when that fails, as on a full disk, what was written of it is cut off again. */
  async append(text: string, sync: boolean): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      let written = 0;
      while (written < bytes.length) {
        const result = await this.#handle.write(bytes, written, bytes.length - written, this.#length + written);
        written += result.bytesWritten;
      }
      if (sync) await this.#handle.datasync();
    } catch (error) {
      await this.#handle.truncate(this.#length).catch(() => undefined);
      const reason = error instanceof Error ? error.message : String(error);
      throw new StorageError(
        this.#url,
        `it cannot be written (${reason}): free space or permissions and resume; what it held is safe`,
        {
          cause: error,
        },
      );
    }
    this.#length += bytes.length;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/**
 * Opens a journal, an append-only file of JSON lines with checksums, and creates it if need be. One process at a time
 * writes it; a lock file beside it says which. Opening repairs what a killed writer left: a torn last line is cut off,
 * and the trials it was running wait again with their numbers and configs.
 * @throws StorageLockedError when another process writes it.
 * @throws FormatError when it is damaged before its last line, or is not a journal.
 */
export async function journalStorage(path: string, options: JournalOptions = {}): Promise<Storage> {
  const { sync = 'results', readOnly = false } = options;
  const url = `journal:${path}`;
  if (readOnly) {
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new StorageError(url, 'there is no such file, or it cannot be read: check the path', { cause });
    });
    const write = async (): Promise<never> => {
      throw new StorageError(url, 'it was opened to read only: open it without readOnly to write');
    };
    return logStorage({ url, ...contentOf(path, readJournal(path, bytes)), write });
  }
  await mkdir(dirname(path), { recursive: true });
  const unlock = lockFile(path, url);
  try {
    return await openForWriting(path, url, sync, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openForWriting(
  path: string,
  url: string,
  sync: NonNullable<JournalOptions['sync']>,
  unlock: () => void,
): Promise<Storage> {
  // Created first, then opened as 'r+': under 'a' the system ignores the positions at which lines are written.
  await (await open(path, 'a')).close();
  const handle = await open(path, 'r+');
  try {
    const content = readJournal(path, await handle.readFile());
    await handle.truncate(content.length);
    const file = new JournalFile(handle, url, content.length);
    if (content.length === 0) await file.append(journalHeader, sync !== 'never');
    return await logStorage({
      url,
      ...contentOf(path, content),
      write: (entry) => file.append(writeEntry(entry), sync === 'always' || (sync === 'results' && isResult(entry))),
      recovery: 'its process ended',
      release: async () => {
        await file.close();
        unlock();
      },
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

import { mkdir, open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FormatError, StorageError } from '../errors.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { StudyEvent } from '../storage/events.ts';
import { existingStudy, missingStudy } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { StudyLog } from '../storage/study-log.ts';
import { lockFile } from './file-lock.ts';
import { journalHeader, readJournal, writeEntry } from './journal-format.ts';
import type { JournalContent, JournalEntry } from './journal-format.ts';

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

/** Rebuilds the studies of a journal. @throws FormatError when its lines do not follow from each other. */
function replay(file: string, { entries }: JournalContent): Map<string, StudyLog> {
  const logs = new Map<string, StudyLog>();
  for (const { line, entry } of entries) {
    const log = logs.get(entry.study);
    if ('create' in entry) logs.set(entry.study, new StudyLog(entry.create));
    else if (log === undefined || entry.revision !== log.revision + 1) {
      const found =
        log === undefined ? 'of a study it never created' : `of revision ${entry.revision} after ${log.revision}`;
      throw new FormatError(
        file,
        line,
        `the journal tells ${found}, so lines are missing: restore the file from a copy`,
      );
    } else log.add(entry.events);
  }
  return logs;
}

/** What must reach the disk before it is acknowledged, under `sync: 'results'`. */
function isResult(entry: JournalEntry): boolean {
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
    return journal(url, replay(path, readJournal(path, bytes)), async () => {
      throw new StorageError(url, 'it was opened to read only: open it without readOnly to write');
    });
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
    const logs = replay(path, content);
    await handle.truncate(content.length);
    const file = new JournalFile(handle, url, content.length);
    if (content.length === 0) await file.append(journalHeader, sync !== 'never');
    const write = (entry: JournalEntry): Promise<void> =>
      file.append(writeEntry(entry), sync === 'always' || (sync === 'results' && isResult(entry)));
    for (const [study, log] of logs) {
      const events = log.planRecovery('its process ended', Date.now());
      if (events.length === 0) continue;
      await write({ study, revision: log.revision + 1, events });
      log.add(events);
    }
    return journal(url, logs, write, async () => {
      await file.close();
      unlock();
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The storage over logs in memory, each change written before it counts. */
function journal(
  url: string,
  logs: Map<string, StudyLog>,
  write: (entry: JournalEntry) => Promise<void>,
  release: () => Promise<void> = async () => undefined,
): Storage {
  const inTurn = oneAtATime();
  let closed = false;
  const logOf = (study: string): StudyLog => {
    const log = logs.get(study);
    if (log === undefined) throw missingStudy(study, url, logs.keys());
    return log;
  };
  const commit = async (study: string, log: StudyLog, events: readonly StudyEvent[]): Promise<void> => {
    if (closed) throw new StorageError(url, 'it was closed: open it again');
    if (events.length === 0) return;
    await write({ study, revision: log.revision + 1, events });
    log.add(events);
  };
  return {
    url,
    createStudy: (record) =>
      inTurn(async () => {
        if (logs.has(record.name)) throw existingStudy(record.name, url);
        await write({ study: record.name, create: record });
        logs.set(record.name, new StudyLog(record));
      }),
    readStudy: async (study) => logs.get(study)?.record,
    listStudies: async () => [...logs.keys()],
    read: async (study, after) => logOf(study).after(after),
    enqueue: (study, configs, at) =>
      inTurn(async () => {
        const log = logOf(study);
        const events = log.planEnqueue(configs, at);
        await commit(study, log, events);
        return events.map(({ number }) => number);
      }),
    claim: (study, claimant) =>
      inTurn(async () => {
        const log = logOf(study);
        const { events, claim, config } = log.planClaim(claimant);
        await commit(study, log, events);
        const { number, attempt } = claim;
        return config === undefined ? { number, attempt } : { number, attempt, config };
      }),
    renew: (study, claims, lease) => inTurn(async () => logOf(study).renew(claims, lease)),
    append: (study, events) =>
      inTurn(async () => {
        const log = logOf(study);
        log.check(events);
        await commit(study, log, events);
      }),
    close: () =>
      inTurn(async () => {
        if (closed) return;
        closed = true;
        await release();
      }),
  };
}

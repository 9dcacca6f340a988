/** Makes a storage of whatever a log can be appended to, so that each kind writes down only how it stores an entry. */
import { entryProblem, refuseUnreadable } from '../checked/stored.ts';
import { StorageError } from '../errors.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { StudyEvent, StudyRecord } from './events.ts';
import { existingStudy, missingStudy } from './memory.ts';
import type { Storage } from './storage.ts';
import { StudyLog } from './study-log.ts';

/** What is written as a whole: a new study, or events that took effect together. */
export type LogEntry =
  | { readonly study: string; readonly create: StudyRecord }
  | { readonly study: string; readonly revision: number; readonly events: readonly StudyEvent[] };

/** What a storage over logs in memory is made of. */
export interface LogStorageOptions {
  readonly url: string;
  /** What was written before, in order. */
  readonly entries: readonly LogEntry[];
  /** The error for an entry, by its index, that is none or does not follow from those before: `found` is a sentence. */
  readonly damaged: (index: number, found: string) => Error;
  /** Makes an entry durable: a change counts once this is done. */
  readonly write: (entry: LogEntry) => Promise<void>;
  /** The reason to free the trials that were left claimed by whoever wrote before. Default: they are left alone. */
  readonly recovery?: string;
  /** Gives up what the storage holds. Default: nothing. */
  readonly release?: () => Promise<void>;
}

/** Makes the logs that entries tell of. */
function rebuildLogs({ entries, damaged }: LogStorageOptions): Map<string, StudyLog> {
  const logs = new Map<string, StudyLog>();
  for (const [index, entry] of entries.entries()) {
    const problem = entryProblem(entry);
    if (problem !== undefined) throw damaged(index, `an entry of it ${problem}`);
    const log = logs.get(entry.study);
    if ('create' in entry) {
      if (log !== undefined) throw damaged(index, `it creates study '${entry.study}' twice`);
      logs.set(entry.study, new StudyLog(entry.create));
    } else if (log === undefined) throw damaged(index, `it tells of study '${entry.study}', which it never created`);
    else if (entry.revision !== log.revision + 1) {
      const found = `of revision ${entry.revision} after ${log.revision}, so a part is missing`;
      throw damaged(index, `it tells of study '${entry.study}' ${found}`);
    } else {
      const gap = log.gap(entry.events);
      if (gap !== undefined) throw damaged(index, `study '${entry.study}': ${gap}`);
      log.add(entry.events);
    }
  }
  return logs;
}

/**
 * The storage over logs in memory that one process writes, such as a journal: each change is written before it counts.
 * @throws {Error} what `damaged` gives, when the entries do not follow from each other.
 */
export async function logStorage(options: LogStorageOptions): Promise<Storage> {
  const { url, write, recovery, release } = options;
  const logs = rebuildLogs(options);
  const inTurn = oneAtATime();
  let closed = false;
  const logOf = (study: string): StudyLog => {
    const log = logs.get(study);
    if (log === undefined) throw missingStudy(study, url, logs.keys());
    return log;
  };
  const commit = async (study: string, log: StudyLog, events: readonly StudyEvent[]): Promise<void> => {
    if (closed) throw new StorageError(url, 'it was closed: open it again', { code: 'storage-closed' });
    if (events.length === 0) return;
    refuseUnreadable(study, events);
    await write({ study, revision: log.revision + 1, events });
    log.add(events);
  };
  if (recovery !== undefined) {
    for (const [study, log] of logs) await commit(study, log, log.planRecovery(recovery, Date.now()));
  }
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
        await release?.();
      }),
  };
}

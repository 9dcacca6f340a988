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

/**
 * Makes the logs that entries tell of.
 * @param damaged the error for an entry, by its index, that does not follow from those before
 */
export function rebuildLogs(
  entries: readonly LogEntry[],
  damaged: (index: number, found: string) => Error,
): Map<string, StudyLog> {
  const logs = new Map<string, StudyLog>();
  for (const [index, entry] of entries.entries()) {
    const log = logs.get(entry.study);
    if ('create' in entry) logs.set(entry.study, new StudyLog(entry.create));
    else if (log === undefined) throw damaged(index, 'of a study it never created');
    else if (entry.revision !== log.revision + 1) {
      throw damaged(index, `of revision ${entry.revision} after ${log.revision}`);
    } else log.add(entry.events);
  }
  return logs;
}

/** Frees the trials that were left claimed by whoever wrote the logs before. */
export async function recover(
  logs: ReadonlyMap<string, StudyLog>,
  write: (entry: LogEntry) => Promise<void>,
  reason: string,
): Promise<void> {
  for (const [study, log] of logs) {
    const events = log.planRecovery(reason, Date.now());
    if (events.length === 0) continue;
    await write({ study, revision: log.revision + 1, events });
    log.add(events);
  }
}

/** The storage over logs in memory that one process writes, each change being written before it counts. */
export function logStorage(
  url: string,
  logs: Map<string, StudyLog>,
  write: (entry: LogEntry) => Promise<void>,
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

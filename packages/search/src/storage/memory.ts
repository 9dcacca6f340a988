/** The storage in memory, and the errors for studies that every storage has in common. */
import { refuseUnreadable } from '../checked/stored.ts';
import { StudyError } from '../errors.ts';
import type { StudyRecord } from './events.ts';
import type { Storage } from './storage.ts';
import { StudyLog } from './study-log.ts';

/** The error for a study that a storage does not hold. */
export function missingStudy(study: string, url: string, known: Iterable<string>): StudyError {
  const names = [...known].join(', ') || 'no study';
  return new StudyError('missing', study, `there is none of this name in ${url}: it holds ${names}`);
}

/** The error for a study that a storage holds already. */
export function existingStudy(study: string, url: string): StudyError {
  return new StudyError(
    'exists',
    study,
    `${url} holds one of this name: pass resume: true to go on with it, or another name`,
  );
}

/** A storage that lasts as long as the process. */
export function memoryStorage(): Storage {
  const url = 'memory:';
  const logs = new Map<string, StudyLog>();
  const logOf = (study: string): StudyLog => {
    const log = logs.get(study);
    if (log === undefined) throw missingStudy(study, url, logs.keys());
    return log;
  };
  return {
    url,
    createStudy: async (record: StudyRecord) => {
      if (logs.has(record.name)) throw existingStudy(record.name, url);
      logs.set(record.name, new StudyLog(record));
    },
    readStudy: async (study) => logs.get(study)?.record,
    listStudies: async () => [...logs.keys()],
    read: async (study, after) => logOf(study).after(after),
    enqueue: async (study, configs, at) => {
      const log = logOf(study);
      const events = log.planEnqueue(configs, at);
      refuseUnreadable(study, events);
      log.add(events);
      return events.map(({ number }) => number);
    },
    claim: async (study, claimant) => {
      const log = logOf(study);
      const { events, claim, config } = log.planClaim(claimant);
      refuseUnreadable(study, events);
      log.add(events);
      const { number, attempt } = claim;
      return config === undefined ? { number, attempt } : { number, attempt, config };
    },
    renew: async (study, claims, lease) => logOf(study).renew(claims, lease),
    append: async (study, events) => {
      const log = logOf(study);
      log.check(events);
      refuseUnreadable(study, events);
      log.add(events);
    },
    close: async () => undefined,
  };
}

/** Reads logs of studies. */
import { FormatError, logStorage, memoryStorage, type LogEntry } from '@espalier/search';
import { decode, encode } from '../../../packages/storage/src/json.ts';
import type { Reader } from '../engine/reader.ts';
import { seedStudy, useStudies } from './use-study.ts';

/** The log of a study as data, as a page keeps it, and the study that is folded from it. */
export const studyLogReader: Reader = {
  name: 'study-log',
  seeds: async () => {
    const storage = memoryStorage();
    await seedStudy(storage, 'seed');
    const create = await storage.readStudy('seed');
    const events = (await storage.read('seed', 0)).map(({ event }) => event);
    const half = Math.floor(events.length / 2);
    const entries = [
      { study: 'seed', create },
      { study: 'seed', revision: 1, events: events.slice(0, half) },
      { study: 'seed', revision: half + 1, events: events.slice(half) },
    ];
    return [Buffer.from(encode(entries)), Buffer.from(encode(entries.slice(0, 1)))];
  },
  mutate: 'json',
  words: ['"claim"', '"start"', '"amend"', '"finish"', '"number"', '"attempt"', '"config"', '"origin"'],
  read: async (input) => {
    let entries: unknown;
    try {
      entries = decode(Buffer.from(input).toString());
    } catch {
      return;
    }
    if (!Array.isArray(entries)) return;
    const storage = await logStorage({
      url: 'log:',
      entries: entries as readonly LogEntry[],
      damaged: (index, found) => new FormatError('log:', index, found),
      write: async () => undefined,
      recovery: 'it was read',
    });
    await useStudies(storage);
  },
};

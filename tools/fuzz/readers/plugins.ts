/** Reads strategies and early stoppings as studies store them. */
import {
  earlyStoppingNamed,
  earlyStoppingNames,
  FormatError,
  logStorage,
  memoryStorage,
  openStudy,
  strategyNamed,
  strategyNames,
  type Study,
  type StudyRecord,
} from '@espalier/search';
import { jsonOf } from '../engine/json-of.ts';
import type { Reader } from '../engine/reader.ts';
import { seedStudy } from './use-study.ts';

interface StoredPlugins {
  readonly strategy: unknown;
  readonly earlyStopping?: unknown;
}

const seed = memoryStorage();

/** A study that has the plugins which a text tells of. */
async function open(input: Uint8Array): Promise<Study | undefined> {
  const plugins = jsonOf(input);
  if (plugins === undefined) return undefined;
  const record = (await seed.readStudy('seed')) as StudyRecord;
  const events = (await seed.read('seed', 0)).map(({ event }) => event);
  const create = { ...record, ...Object(plugins) } as StudyRecord;
  const storage = await logStorage({
    url: 'log:',
    entries: [
      { study: 'seed', create },
      { study: 'seed', revision: 1, events },
    ],
    damaged: (index, found) => new FormatError('log:', index, found),
    write: async () => undefined,
    recovery: 'it was read',
  });
  return openStudy({ storage });
}

/** Strategies and early stoppings as a study stores them, and their first decisions. */
export const pluginsReader: Reader = {
  name: 'plugins',
  seeds: async () => {
    await seedStudy(seed, 'seed').catch(() => undefined);
    const strategies = strategyNames.map((name): StoredPlugins => ({ strategy: strategyNamed(name) }));
    const stoppings = earlyStoppingNames.map((name): StoredPlugins => ({
      strategy: { name: 'random', options: {} },
      earlyStopping: earlyStoppingNamed(name),
    }));
    return [...strategies, ...stoppings].map((each) => Buffer.from(JSON.stringify(each)));
  },
  mutate: 'json',
  read: async (input) => {
    await open(input);
  },
  // What an option asks for takes memory by that number, not by the text: a grid of 65,536 points holds each of them.
  use: async (input) => {
    const study = await open(input);
    const trial = await study?.ask();
    trial?.report(1, { loss: 1, bytes: 1 });
    await trial?.shouldStop();
    await study?.ask();
  },
};

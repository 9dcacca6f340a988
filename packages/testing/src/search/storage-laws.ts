/** Laws of storages, for any test runner: ours are held to them, and so can be those of others. */
import type { Storage } from '@espalier/search';
import { claimLaws } from './laws/claim-laws.ts';
import { logLaws } from './laws/log-laws.ts';
import { claimant, expectEqual, finish, record, report, start, study } from './laws/tools.ts';

/** What every host has, and TypeScript's own library does not tell of. */
const host = globalThis as unknown as { setTimeout(callback: () => void, milliseconds: number): unknown };

/** Resolves after so many milliseconds. */
function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void host.setTimeout(resolve, milliseconds));
}

/** How the laws get at a storage. */
export interface StorageHarness {
  /** Opens an empty storage. */
  readonly create: () => Promise<Storage>;
  /** Closes a storage and opens it again; left out for one that does not last. */
  readonly reopen?: (storage: Storage) => Promise<Storage>;
  /** Lets milliseconds go by on the clock that leases run by. Default: waits. */
  readonly pass?: (milliseconds: number) => Promise<void>;
}

/** Something that holds of every storage. */
export interface StorageLaw {
  readonly name: string;
  /** @throws {MismatchError} saying what was found, when it does not hold. */
  readonly check: () => Promise<void>;
}

const durableLaws: Readonly<
  Record<string, (storage: Storage, reopen: (s: Storage) => Promise<Storage>) => Promise<void>>
> = {
  'an opened storage holds what the closed one did': async (storage, reopen) => {
    await storage.createStudy(record(study));
    const claim = await storage.claim(study, claimant);
    await storage.append(study, [start(claim, { x: 1 }), report(claim, 1), finish(claim)]);
    const events = await storage.read(study, 0);
    const opened = await reopen(storage);
    expectEqual(await opened.readStudy(study), record(study), 'record');
    expectEqual(await opened.read(study, 0), events, 'events');
    await opened.close();
  },
  'trials left claimed are claimed again, with number, config and the next attempt': async (storage, reopen) => {
    await storage.createStudy(record(study));
    await storage.append(study, [start(await storage.claim(study, claimant), { x: 4 })]);
    await storage.claim(study, claimant);
    const opened = await reopen(storage);
    expectEqual(await opened.claim(study, claimant), { number: 0, attempt: 2, config: { x: 4 } }, 'first claim');
    expectEqual(await opened.claim(study, claimant), { number: 1, attempt: 2 }, 'second claim');
    expectEqual(await opened.claim(study, claimant), { number: 2, attempt: 1 }, 'third claim');
    await opened.close();
  },
};

/**
 * What holds of every storage, for any test runner:
 *
 * ```ts
 * for (const law of storageLaws({ create: async () => memoryStorage() })) it(law.name, law.check);
 * ```
 */
export function storageLaws({ create, reopen, pass = sleep }: StorageHarness): readonly StorageLaw[] {
  const general = Object.entries({ ...logLaws, ...claimLaws }).map(([name, check]) => ({
    name,
    check: async (): Promise<void> => {
      const storage = await create();
      try {
        await check(storage, pass);
      } finally {
        await storage.close();
      }
    },
  }));
  if (reopen === undefined) return general;
  const durable = Object.entries(durableLaws).map(([name, check]) => ({
    name,
    check: async (): Promise<void> => check(await create(), reopen),
  }));
  return [...general, ...durable];
}

import { StaleClaimError, StudyError } from '../errors.ts';
import { encode } from '../json.ts';
import type { ConfigObject } from '../space/node.ts';
import type { ClaimedEvent, StudyRecord } from '../storage/events.ts';
import type { Claim, Storage } from '../storage/storage.ts';
import { deepEqual } from './deep-equal.ts';

/** How the laws get at a storage. */
export interface StorageHarness {
  /** Opens an empty storage. */
  readonly create: () => Promise<Storage>;
  /** Closes a storage and opens it again; left out for one that does not last. */
  readonly reopen?: (storage: Storage) => Promise<Storage>;
}

/** Something that holds of every storage. */
export interface StorageLaw {
  readonly name: string;
  /** Rejects, saying what was found, when it does not hold. */
  readonly check: () => Promise<void>;
}

type Check = (storage: Storage) => Promise<void>;

function record(name: string): StudyRecord {
  return {
    name,
    seed: 7,
    objectives: ['maximize accuracy'],
    constraints: [],
    space: {
      format: 'espalier-space',
      version: 1,
      root: { kind: 'group', fields: { x: { kind: 'int', low: 0, high: 9, step: 1, log: false } } },
    },
    strategy: { name: 'random', options: {} },
    duplicates: 'avoid',
    retries: 1,
    createdAt: 1,
  };
}

const claimant = { worker: 'law', at: 2 };
const study = 'law';

function expectEqual(found: unknown, expected: unknown, what: string): void {
  if (!deepEqual(found, expected)) throw new Error(`${what}: expected ${encode(expected)}, found ${encode(found)}`);
}

async function expectRejection(
  action: Promise<unknown>,
  kind: new (...args: never[]) => Error,
  what: string,
): Promise<void> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof kind)) throw new Error(`${what}: expected a ${kind.name}, found ${String(error)}`);
}

function start({ number, attempt }: Claim, config: ConfigObject): ClaimedEvent {
  return { type: 'start', number, attempt, at: 3, config, origin: { operator: 'sample' }, basis: 0 };
}

function report({ number, attempt }: Claim, step: number): ClaimedEvent {
  return { type: 'report', number, attempt, at: 4, step, metrics: { accuracy: step / 10 } };
}

function finish({ number, attempt }: Claim): ClaimedEvent {
  return { type: 'finish', number, attempt, at: 5, state: 'complete', metrics: { accuracy: 1 } };
}

function release({ number, attempt }: Claim): ClaimedEvent {
  return { type: 'release', number, attempt, at: 6, reason: 'law' };
}

const laws: Readonly<Record<string, Check>> = {
  'a study is read as it was created, and studies are listed oldest first': async (storage) => {
    await storage.createStudy(record('b'));
    await storage.createStudy(record('a'));
    expectEqual(await storage.readStudy('b'), record('b'), 'readStudy');
    expectEqual(await storage.readStudy('c'), undefined, 'readStudy of a missing study');
    expectEqual(await storage.listStudies(), ['b', 'a'], 'listStudies');
  },
  'a second study of one name is refused': async (storage) => {
    await storage.createStudy(record(study));
    await expectRejection(storage.createStudy(record(study)), StudyError, 'createStudy');
  },
  'nothing can be done with a missing study': async (storage) => {
    await expectRejection(storage.read('absent', 0), StudyError, 'read');
    await expectRejection(storage.enqueue('absent', [{}], 0), StudyError, 'enqueue');
    await expectRejection(storage.claim('absent', claimant), StudyError, 'claim');
    await expectRejection(storage.append('absent', []), StudyError, 'append');
  },
  'claims at once get distinct numbers without gaps': async (storage) => {
    await storage.createStudy(record(study));
    const claims = await Promise.all(Array.from({ length: 50 }, () => storage.claim(study, claimant)));
    const numbers = claims.map(({ number }) => number).toSorted((a, b) => a - b);
    expectEqual(
      numbers,
      Array.from({ length: 50 }, (_, index) => index),
      'numbers',
    );
    expectEqual(
      claims.every(({ attempt, config }) => attempt === 1 && config === undefined),
      true,
      'first attempts, without configs',
    );
  },
  'revisions count from 1 without gaps, and a read continues any other': async (storage) => {
    await storage.createStudy(record(study));
    const claim = await storage.claim(study, claimant);
    await storage.append(study, [start(claim, { x: 1 }), report(claim, 1)]);
    await storage.append(study, [finish(claim)]);
    const events = await storage.read(study, 0);
    expectEqual(
      events.map(({ revision }) => revision),
      [1, 2, 3, 4],
      'revisions',
    );
    expectEqual(
      events.map(({ event }) => event.type),
      ['claim', 'start', 'report', 'finish'],
      'events',
    );
    for (let after = 0; after <= events.length; after += 1) {
      expectEqual(await storage.read(study, after), events.slice(after), `read after ${after}`);
    }
  },
  'queued configs are claimed first, in their order': async (storage) => {
    await storage.createStudy(record(study));
    expectEqual(await storage.enqueue(study, [{ x: 3 }, { x: 5 }], 1), [0, 1], 'numbers');
    expectEqual(await storage.claim(study, claimant), { number: 0, attempt: 1, config: { x: 3 } }, 'first claim');
    expectEqual(await storage.enqueue(study, [{ x: 7 }], 1), [2], 'numbers');
    expectEqual(await storage.claim(study, claimant), { number: 1, attempt: 1, config: { x: 5 } }, 'second claim');
    expectEqual(await storage.claim(study, claimant), { number: 2, attempt: 1, config: { x: 7 } }, 'third claim');
    expectEqual(await storage.claim(study, claimant), { number: 3, attempt: 1 }, 'a new number');
  },
  'a released trial is claimed again, the lowest first, with its config and the next attempt': async (storage) => {
    await storage.createStudy(record(study));
    const [first, second] = [await storage.claim(study, claimant), await storage.claim(study, claimant)];
    await storage.append(study, [start(first, { x: 1 })]);
    await storage.append(study, [release(second)]);
    await storage.append(study, [release(first)]);
    expectEqual(await storage.claim(study, claimant), { number: 0, attempt: 2, config: { x: 1 } }, 'first claim');
    expectEqual(await storage.claim(study, claimant), { number: 1, attempt: 2 }, 'second claim');
  },
  'a write under a claim that is not in force is refused whole': async (storage) => {
    await storage.createStudy(record(study));
    const old = await storage.claim(study, claimant);
    await storage.append(study, [release(old)]);
    await expectRejection(storage.append(study, [report(old, 1)]), StaleClaimError, 'a write after release');
    const fresh = await storage.claim(study, claimant);
    await storage.append(study, [start(fresh, { x: 2 })]);
    const before = await storage.read(study, 0);
    await expectRejection(storage.append(study, [report(fresh, 1), finish(old)]), StaleClaimError, 'an old attempt');
    await expectRejection(storage.append(study, [{ ...finish(fresh), number: 9 }]), StaleClaimError, 'no such trial');
    await expectRejection(storage.append(study, [finish(fresh), finish(fresh)]), StaleClaimError, 'finishing twice');
    expectEqual(await storage.read(study, 0), before, 'events after refused writes');
    await storage.append(study, [finish(fresh)]);
    await expectRejection(storage.append(study, [report(fresh, 2)]), StaleClaimError, 'a write after the finish');
  },
  'what is written is read as it was': async (storage) => {
    await storage.createStudy(record(study));
    const claim = await storage.claim(study, claimant);
    const config = {
      text: 'naïve "☃"\n',
      nothing: null,
      yes: true,
      tiny: 5e-324,
      nested: { type: 'a', deep: { x: -1 } },
    };
    const metrics = { bad: Number.NaN, up: Infinity, down: -Infinity, exact: 0.1 + 0.2 };
    const events: readonly ClaimedEvent[] = [
      start(claim, config),
      { ...report(claim, 0), type: 'report', step: 0, metrics },
      {
        type: 'finish',
        number: claim.number,
        attempt: claim.attempt,
        at: 9,
        state: 'failed',
        metrics: {},
        failure: { kind: 'nan', message: 'loss is NaN' },
      },
    ];
    await storage.append(study, events);
    expectEqual(
      (await storage.read(study, 1)).map(({ event }) => event),
      events,
      'events',
    );
  },
  'events appended together stay together': async (storage) => {
    await storage.createStudy(record(study));
    const claims = await Promise.all(Array.from({ length: 20 }, () => storage.claim(study, claimant)));
    await Promise.all(claims.map((claim) => storage.append(study, [start(claim, { x: 1 }), finish(claim)])));
    const events = (await storage.read(study, 20)).map(({ event }) => event);
    for (let index = 0; index < 40; index += 2) {
      const [one, two] = [events[index], events[index + 1]];
      const pair = one?.type === 'start' && two?.type === 'finish' && one.number === two.number;
      expectEqual(pair, true, `events ${index} and ${index + 1} are a pair`);
    }
  },
  'studies do not see each other': async (storage) => {
    await storage.createStudy(record('a'));
    await storage.createStudy(record('b'));
    await storage.claim('a', claimant);
    expectEqual(await storage.read('b', 0), [], 'events of the other');
    expectEqual(await storage.claim('b', claimant), { number: 0, attempt: 1 }, 'its first claim');
  },
  'a study can be amended': async (storage) => {
    await storage.createStudy(record(study));
    const event = { type: 'amend', at: 3, strategy: { name: 'greedy', options: { initial: 2 } } } as const;
    await storage.append(study, [event]);
    expectEqual(await storage.read(study, 0), [{ revision: 1, event }], 'events');
    expectEqual(await storage.readStudy(study), record(study), 'the record, which stays');
  },
  'closing twice is closing once': async (storage) => {
    await storage.close();
    await storage.close();
  },
};

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
export function storageLaws({ create, reopen }: StorageHarness): readonly StorageLaw[] {
  const general = Object.entries(laws).map(([name, check]) => ({
    name,
    check: async (): Promise<void> => {
      const storage = await create();
      try {
        await check(storage);
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

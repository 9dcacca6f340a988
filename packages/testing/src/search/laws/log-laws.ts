/** Laws of records and logs: what any storage has to keep so that every reader sees the same study. */
import { StudyError, type ClaimedEvent } from '@espalier/search';
import {
  claimant,
  expectEqual,
  expectRejection,
  finish,
  long,
  record,
  report,
  save,
  start,
  study,
  type Check,
} from './tools.ts';

/** What holds of studies and their logs. */
export const logLaws: Readonly<Record<string, Check>> = {
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
    await expectRejection(storage.renew('absent', [], long), StudyError, 'renew');
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
      { ...report(claim, 0), metrics },
      save(claim, 0),
      { ...start(claim, config), budget: { step: 3, last: false }, inherits: 2 },
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

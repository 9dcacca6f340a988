/** Laws of claims: what any storage has to keep so that no trial is lost and none is tried by two. */
import { StaleClaimError } from '@espalier/search';
import {
  aWhile,
  claimEvent,
  claimant,
  expectEqual,
  expectRejection,
  finish,
  long,
  pause,
  record,
  release,
  report,
  resume,
  save,
  short,
  start,
  study,
  types,
  type Check,
} from './tools.ts';

/** What holds of claims: their numbers, leases and tokens. */
export const claimLaws: Readonly<Record<string, Check>> = {
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
  'a lease that runs out frees the trial for the next claim, and refuses its late worker': async (storage, pass) => {
    await storage.createStudy(record(study));
    const late = await storage.claim(study, { ...claimant, lease: short });
    await storage.append(study, [start(late, { x: 1 })]);
    await pass(aWhile);
    const next = { number: 0, attempt: 2, config: { x: 1 } };
    expectEqual(await storage.claim(study, { ...claimant, lease: long }), next, 'the claim after the lease');
    await expectRejection(storage.append(study, [finish(late)]), StaleClaimError, 'the late finish');
    expectEqual(await types(storage), ['claim', 'start', 'release', 'claim'], 'events');
    const [lost] = await storage.read(study, 2);
    expectEqual(lost?.event.type === 'release' && lost.event.lost, true, 'the release says that the worker was lost');
    await storage.append(study, [finish(next)]);
    expectEqual(await storage.claim(study, claimant), { number: 1, attempt: 1 }, 'the claim after the finish');
  },
  'a claim holds while it is renewed, and renewing says which are no longer in force': async (storage, pass) => {
    await storage.createStudy(record(study));
    const ended = await storage.claim(study, { ...claimant, lease: long });
    await storage.append(study, [start(ended, { x: 1 }), finish(ended)]);
    const held = await storage.claim(study, { ...claimant, lease: short });
    const { length } = await storage.read(study, 0);
    const tokens = [held, ended, { number: 1, attempt: 2 }, { number: 9, attempt: 1 }];
    const inHand = tokens.map(({ number, attempt }) => ({ number, attempt }));
    expectEqual(await storage.renew(study, inHand, long), inHand.slice(1), 'claims not in force');
    expectEqual((await storage.read(study, 0)).length, length, 'the number of events after renewing');
    await pass(aWhile);
    expectEqual(await storage.claim(study, claimant), { number: 2, attempt: 1 }, 'the next claim');
    await storage.append(study, [start(held, { x: 2 })]);
  },
  'a claim without a lease holds while the storage is open': async (storage, pass) => {
    await storage.createStudy(record(study));
    const claim = await storage.claim(study, claimant);
    await pass(aWhile);
    expectEqual(await storage.claim(study, claimant), { number: 1, attempt: 1 }, 'the next claim');
    await storage.append(study, [start(claim, { x: 1 })]);
  },
  'a trial whose workers keep vanishing fails as lost, after the retries of its study': async (storage, pass) => {
    for (const retries of [0, 2]) {
      const name = `retries ${retries}`;
      await storage.createStudy(record(name, retries));
      for (let attempt = 1; attempt <= retries + 1; attempt += 1) {
        const claim = await storage.claim(name, { ...claimant, lease: short });
        expectEqual([claim.number, claim.attempt], [0, attempt], `attempt ${attempt} with ${retries} retries`);
        await pass(aWhile);
      }
      expectEqual(await storage.claim(name, claimant), { number: 1, attempt: 1 }, 'the claim after the last retry');
      const last = (await storage.read(name, 0)).at(-2)?.event;
      const failed = last?.type === 'finish' ? [last.number, last.attempt, last.state, last.failure?.kind] : undefined;
      expectEqual(failed, [0, retries + 1, 'failed', 'lost'], 'the end of the trial');
    }
  },
  'a paused trial is resumed by one worker, under the next attempt': async (storage, pass) => {
    await storage.createStudy(record(study));
    const claim = await storage.claim(study, claimant);
    const [second, third] = [
      { number: 0, attempt: 2 },
      { number: 0, attempt: 3 },
    ];
    await storage.append(study, [start(claim, { x: 1 }), report(claim, 1)]);
    await expectRejection(storage.append(study, [resume(second)]), StaleClaimError, 'resuming a running trial');
    await storage.append(study, [save(claim, 1), pause(claim)]);
    const asking = await storage.claim(study, claimant);
    expectEqual(asking, { number: 1, attempt: 1 }, 'the next claim');
    await expectRejection(storage.append(study, [report(claim, 2)]), StaleClaimError, 'a write after the pause');
    await expectRejection(storage.append(study, [resume(claim)]), StaleClaimError, 'resuming under the old attempt');
    await expectRejection(storage.append(study, [resume(third)]), StaleClaimError, 'resuming under a later attempt');
    await expectRejection(storage.append(study, [resume({ number: 9, attempt: 1 })]), StaleClaimError, 'no such trial');
    await storage.append(study, [release(asking), resume(second, long)]);
    const before = await storage.read(study, 0);
    await expectRejection(storage.append(study, [resume(second)]), StaleClaimError, 'a second resumer');
    await expectRejection(storage.append(study, [resume(third)]), StaleClaimError, 'a third resumer');
    const other = await storage.claim(study, claimant);
    expectEqual(other, { number: 1, attempt: 2 }, 'the claim of what the resumer released');
    await expectRejection(storage.append(study, [release(other), resume(third)]), StaleClaimError, 'a late resumer');
    expectEqual(
      await storage.read(study, before.length),
      [{ revision: 9, event: claimEvent(other) }],
      'no more events',
    );
    await storage.append(study, [report(second, 2), pause(second)]);
    await storage.append(study, [resume(third, short)]);
    await pass(aWhile);
    const next = { number: 0, attempt: 4, config: { x: 1 } };
    expectEqual(await storage.claim(study, claimant), next, 'the claim after the lease of a resumer');
  },
  'a trial that is resumed and finished at once is finished': async (storage) => {
    await storage.createStudy(record(study));
    const claim = await storage.claim(study, claimant);
    const second = { number: 0, attempt: 2 };
    await storage.append(study, [start(claim, { x: 1 }), pause(claim)]);
    await storage.append(study, [resume(second), finish(second)]);
    await expectRejection(storage.append(study, [finish(second)]), StaleClaimError, 'finishing again');
    expectEqual(await storage.claim(study, claimant), { number: 1, attempt: 1 }, 'the next claim');
  },
};

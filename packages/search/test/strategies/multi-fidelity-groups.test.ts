import fc from 'fast-check';
import { expect, it } from 'vitest';
import { groupsOf, stepOf } from '../../src/strategies/multi-fidelity/groups.ts';
import type { TrialRecord } from '../../src/study/trial-record.ts';
import { completeTrial } from '../helpers/records.ts';

const trialAt = (number: number, step: number): TrialRecord => ({
  ...completeTrial(number),
  state: 'paused',
  budget: { step, last: false },
});

it('groups that follow a list as it changes are those of the list', () => {
  const change = fc.record({ number: fc.nat(12), step: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const criteria = { objectives: [], constraints: [] };
      const trials = new Map<number, TrialRecord>();
      for (const { number, step } of changes) {
        trials.set(number, trialAt(number, step));
        const list = [...trials.values()].toSorted((a, b) => a.number - b.number);
        const groups = groupsOf({ trials: list, criteria }, stepOf);
        for (let key = 0; key <= 3; key += 1) {
          expect(groups.get(key) ?? []).toEqual(list.filter(({ budget }) => budget?.step === key));
        }
      }
    }),
  );
});

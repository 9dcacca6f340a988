/** A portfolio of strategies that learns which of them to ask. */
import { wholeFromOne } from '../limits.ts';
import type { JsonObject } from '../json.ts';
import { isBetter } from '../study/ranking.ts';
import type { History } from '../study/history.ts';
import type { TrialRecord } from '../study/trial-record.ts';
import { memberOf } from './member.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from './strategy.ts';

/** A member of a portfolio: the name and options of a built-in strategy. */
export interface AdaptiveMember {
  readonly name: string;
  readonly options?: JsonObject;
}

/** The options of {@link adaptive}. */
export interface AdaptiveOptions {
  /** Who shares the trials. Default: tpe, genetic, greedy and random. */
  readonly members: readonly JsonObject[];
  /** How many of the latest results of a member tell what it is worth now. Default 20. */
  readonly window: number;
  /** The least share of each member, so that none is given up for good. Default 0.05. */
  readonly floor: number;
}

/** The name under which a member's trials are counted. */
function labelsOf(members: readonly AdaptiveMember[]): readonly string[] {
  return members.map(({ name }, index) => {
    const same = members.slice(0, index).filter((other) => other.name === name).length;
    return same === 0 ? name : `${name} ${same + 1}`;
  });
}

/** How many results before a trial it is compared with. */
const compared = 50;

const rewards = new WeakMap<TrialRecord, number>();

/**
 * What a result was worth when it came: the part of the results before it that it beats, to the third power, so that
 * one excellent trial counts for more than many that are good. Nothing when it failed.
 */
function rewardOf(finished: readonly TrialRecord[], place: number, { criteria }: History): number {
  const trial = finished[place];
  if (trial?.state !== 'complete') return 0;
  const known = rewards.get(trial);
  if (known !== undefined) return known;
  const before = finished.slice(Math.max(0, place - compared), place).filter(({ state }) => state === 'complete');
  const beaten = before.filter((other) => isBetter(trial, other, criteria)).length;
  const reward = before.length === 0 ? 0.5 : (beaten / before.length) ** 3;
  rewards.set(trial, reward);
  return reward;
}

/** The share of each member: in proportion to what its latest results were worth, and at least the floor. */
function sharesOf(labels: readonly string[], history: History, { window, floor }: AdaptiveOptions): readonly number[] {
  const { finished } = history;
  const sums = labels.map(() => ({ sum: 0, count: 0 }));
  for (let place = finished.length - 1; place >= 0; place -= 1) {
    const member = sums[labels.findIndex((label) => label === finished[place]?.origin['member'])];
    if (member === undefined || member.count >= window) continue;
    member.sum += rewardOf(finished, place, history);
    member.count += 1;
    if (sums.every(({ count }) => count >= window)) break;
  }
  // Who has no result yet is taken for as good as any.
  const worth = sums.map(({ sum, count }) => (sum + 0.5) / (count + 1));
  const total = worth.reduce((all, value) => all + value, 0);
  return worth.map((value) => floor + (1 - labels.length * floor) * (value / total));
}

function decide(input: StrategyInput, options: AdaptiveOptions): Decision {
  const members = options.members as unknown as readonly AdaptiveMember[];
  const labels = labelsOf(members);
  const shares = sharesOf(labels, input.history, options);
  let left = input.random.at('member').uniform();
  const taken = shares.findIndex((share) => (left -= share) < 0);
  const index = taken < 0 ? shares.length - 1 : taken;
  const order = [...members.slice(index), ...members.slice(0, index)];
  let decision: Decision = { type: 'exhausted', reason: 'there are no members' };
  // A member that has nothing to try gives its turn to the next.
  for (const [offset, { name, options: own }] of order.entries()) {
    decision = memberOf(name, own).decide({ ...input, random: input.random.at('decide') });
    if (decision.type !== 'try') continue;
    const label = labels[(index + offset) % labels.length] ?? name;
    const rounded = shares.map((share, place) => [labels[place], Math.round(share * 1000) / 1000] as const);
    const origin = { ...decision.origin, member: label, shares: Object.fromEntries(rounded) };
    return { ...decision, origin };
  }
  return decision;
}

function check({ members, floor }: AdaptiveOptions): string | undefined {
  if (members.length === 0) return 'there are no members: give at least one';
  for (const member of members as unknown as readonly AdaptiveMember[]) {
    try {
      memberOf(member.name, member.options);
    } catch (error) {
      return `a member: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  if (!(floor >= 0 && floor * members.length <= 1)) {
    return `floor is ${floor}: give a share from 0 to ${1 / members.length}`;
  }
  return undefined;
}

/**
 * A portfolio that moves its trials toward the members that pay off: each is worth what its latest results were worth
 * against those before them. All members learn from all trials. The origin of each trial tells its member and the
 * shares at the time: the record of every shift.
 *
 * Source: the adaptive operator selection by rank of Fialho, Schoenauer, Sebag, "Toward comparison-based adaptive
 * operator selection", GECCO 2010, with strategies for operators.
 */
export const adaptive: StrategyFactory<AdaptiveOptions> = defineStrategy<AdaptiveOptions>({
  name: 'adaptive',
  defaults: {
    members: [{ name: 'tpe' }, { name: 'genetic' }, { name: 'greedy' }, { name: 'random' }],
    window: 20,
    floor: 0.05,
  },
  limits: { window: wholeFromOne },
  check,
  decide,
});

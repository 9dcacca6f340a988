import { checkRungs, hyperbandBrackets } from '../../early-stopping/rungs.ts';
import type { Bracket, RungOptions } from '../../early-stopping/rungs.ts';
import type { RandomStream } from '../../random/random-stream.ts';
import type { ConfigObject } from '../../space/node.ts';
import { fromUnit, toUnit } from '../../space/number-scale.ts';
import type { Parameter, ParameterValue } from '../../space/parameter.ts';
import { sampleParameter } from '../../space/space.ts';
import { atStep } from '../../study/at-step.ts';
import { isBetter, rankTrials } from '../../study/ranking.ts';
import type { History } from '../../study/history.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { isFinished } from '../../study/trial-record.ts';
import { firstFresh, freshSample } from '../fresh.ts';
import { defineStrategy } from '../strategy.ts';
import type { Decision, StrategyFactory, StrategyInput } from '../strategy.ts';
import { shapeOf } from './brackets.ts';
import { bracketOf, groupsOf, stepOf } from './groups.ts';

/** The options of {@link dehb}. */
export interface DehbOptions extends RungOptions {
  /** The steps of the cheapest trials. Default 1. */
  readonly min: number;
  /** The steps of the dearest. Default 81. */
  readonly max: number;
  /** By how much each rung is dearer than the one below. Default 3. */
  readonly eta: number;
  /** How far a mutant goes along the difference of two configs, F. Default 0.5. */
  readonly scale: number;
  /** How likely each parameter comes from the mutant, CR. Default 0.5. */
  readonly crossoverProbability: number;
}

/** The trials at a step that have told, by the slot of the population that they compete for. */
function population(trials: readonly TrialRecord[], step: number, { history }: StrategyInput): readonly TrialRecord[] {
  const { criteria } = history;
  const slots = new Map<unknown, TrialRecord>();
  for (const trial of trials) {
    if (trial.budget?.step !== step) continue;
    // What a trial told at its step is what it is compared by; one that was ended there may have reported it.
    const told = trial.state === 'paused' || trial.state === 'complete' ? trial : atStep(trial, step, criteria);
    const slot = trial.origin['slot'];
    const holder = slots.get(slot);
    // What comes later takes a slot only by being better.
    if (told !== undefined && (holder === undefined || isBetter(told, holder, criteria))) slots.set(slot, told);
  }
  return rankTrials(
    [...slots.values()].flatMap((trial) => atStep(trial, step, criteria) ?? []),
    criteria,
  );
}

/** Three of the pool, different where it is large enough. */
function threeOf(pool: readonly TrialRecord[], random: RandomStream): readonly TrialRecord[] {
  const left = [...pool];
  return Array.from({ length: 3 }, () => {
    const from = left.length > 0 ? left : [...pool];
    return from.splice(random.below(from.length), 1)[0];
  }).filter((trial) => trial !== undefined);
}

/** base + F (plus - minus) on the number's own scale, drawn anew outside the range; a choice from one of the three. */
function mutant(
  parameter: Parameter,
  [base, plus, minus]: readonly (ParameterValue | undefined)[],
  scale: number,
  random: RandomStream,
): ParameterValue {
  if (base === undefined) return plus ?? minus ?? sampleParameter(parameter, random);
  if (plus === undefined || minus === undefined || base === null) return base;
  if (parameter.kind === 'choice') return plus !== minus && random.chance(scale) ? plus : base;
  const unit = (value: ParameterValue): number => toUnit(parameter, Number(value));
  const position = unit(base) + scale * (unit(plus) - unit(minus));
  return fromUnit(parameter, position >= 0 && position <= 1 ? position : random.uniform());
}

/** rand/1/bin: a mutant of three from the pool, crossed with the target. */
function evolved(
  { space }: StrategyInput,
  target: TrialRecord,
  pool: readonly TrialRecord[],
  { scale, crossoverProbability }: DehbOptions,
  random: RandomStream,
): { readonly config: ConfigObject; readonly parents: readonly number[] } {
  const three = threeOf(pool, random.at('pool'));
  const flats = three.map(({ config }) => space.flatten(config));
  const own = space.flatten(target.config);
  const sure = random.at('sure').pick([...own.keys()]);
  const config = space.build((path, parameter) => {
    const draws = random.at(path);
    const kept = own.get(path)?.value;
    if (kept !== undefined && path !== sure && !draws.chance(crossoverProbability)) return kept;
    return mutant(
      parameter,
      flats.map((flat) => flat.get(path)?.value),
      scale,
      draws,
    );
  });
  return { config, parents: [target.number, ...three.map(({ number }) => number)] };
}

/** Where the next trial belongs: a bracket, one of its rungs, and a slot of that step's population. */
interface Place {
  readonly bracket: number;
  readonly rung: number;
  readonly slot: number;
}

/** By its first trial, the shape of a bracket that is full: nothing more ever happens in it. */
const full = new WeakMap<TrialRecord, string>();

function decide(input: StrategyInput, options: DehbOptions): Decision {
  const { history } = input;
  const brackets = hyperbandBrackets(options);
  const groups = groupsOf(history, bracketOf);
  const shapes = brackets.map(shapeOf);
  for (let bracket = 0; ; bracket += 1) {
    const { steps, counts } = brackets[bracket % brackets.length] ?? { steps: [], counts: [] };
    const members = groups.get(bracket) ?? [];
    const [first] = members;
    const shape = shapes[bracket % brackets.length] ?? '';
    if (first !== undefined && full.get(first) === shape) continue;
    for (const [rung, count] of counts.entries()) {
      const there = members.filter(({ origin }) => origin['rung'] === rung);
      if (there.length < count) {
        const place = { bracket, rung, slot: slotOf(history, steps[rung] ?? 1, brackets) };
        return propose(input, options, place, { steps, counts }, members);
      }
      // The rung above breeds from this one once all of it have told; meanwhile the next bracket begins.
      if (there.some((trial) => trial.state !== 'paused' && !isFinished(trial))) break;
      if (rung === counts.length - 1 && first !== undefined) full.set(first, shape);
    }
  }
}

/** The slots of a step's population are taken in turn; it is as large as the largest rung of that step. */
function slotOf(history: History, step: number, brackets: readonly Bracket[]): number {
  const sizes = brackets.map(({ steps, counts }) => counts[steps.indexOf(step)] ?? 0);
  return (groupsOf(history, stepOf).get(step)?.length ?? 0) % Math.max(1, ...sizes);
}

function propose(
  input: StrategyInput,
  options: DehbOptions,
  place: Place,
  { steps, counts }: Bracket,
  members: readonly TrialRecord[],
): Decision {
  const { history } = input;
  const step = steps[place.rung] ?? 1;
  const budget = { step, last: step === options.max };
  const residents = population(groupsOf(history, stepOf).get(step) ?? [], step, input);
  const target = residents.find(({ origin }) => origin['slot'] === place.slot);
  // Above the first rung the parents are the best of the rung below.
  const below = place.rung === 0 ? residents : population(members, steps[place.rung - 1] ?? 1, input);
  const parents = place.rung === 0 ? below : below.slice(0, Math.max(3, counts[place.rung] ?? 0));
  const heir = target ?? (place.rung === 0 ? undefined : below[place.slot % Math.max(1, below.length)]);
  const child =
    heir === undefined || parents.length === 0
      ? undefined
      : firstFresh(input, (random) => evolved(input, heir, parents, options, random));
  if (child !== undefined) {
    const origin = { operator: 'evolve', parents: child.parents, ...place };
    return { type: 'try', config: child.config, origin, budget };
  }
  const sampled = freshSample(input, { operator: 'sample', ...place });
  return sampled.type === 'try' ? { ...sampled, budget } : sampled;
}

/**
 * DEHB: Hyperband's brackets filled by differential evolution (rand/1/bin), with a population for every number of steps.
 * A trial trains to the steps of its rung and no further; the rung above breeds new configs from the best of it. Those
 * below `max` stay paused, so that only fully trained trials count as complete.
 *
 * Source: Awad, Mallik, Hutter, "DEHB: evolutionary hyperband for scalable, robust and efficient hyperparameter
 * optimization", IJCAI 2021.
 */
export const dehb: StrategyFactory<DehbOptions> = defineStrategy<DehbOptions>({
  name: 'dehb',
  defaults: { min: 1, max: 81, eta: 3, scale: 0.5, crossoverProbability: 0.5 },
  check: (options) => {
    const { scale, crossoverProbability } = options;
    if (!(scale > 0 && scale <= 2)) return `scale is ${scale}: give a number above 0, up to 2`;
    if (!(crossoverProbability >= 0 && crossoverProbability <= 1)) {
      return `crossoverProbability is ${crossoverProbability}: give a number from 0 to 1`;
    }
    return checkRungs(options);
  },
  decide,
});

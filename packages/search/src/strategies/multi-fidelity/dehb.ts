/** DEHB: Hyperband whose new configs are bred by differential evolution, with a population for every rung. */
import {
  checkRungs,
  hyperbandBrackets,
  rungLimits,
  type Bracket,
  type RungOptions,
} from '../../early-stopping/rungs.ts';
import { part } from '../../limits.ts';
import type { RandomStream } from '../../random/random-stream.ts';
import type { ConfigObject } from '../../space/node.ts';
import { fromUnit, toUnit } from '../../space/number-scale.ts';
import type { Parameter, ParameterValue } from '../../space/parameter.ts';
import { sampleParameter } from '../../space/space.ts';
import { atStep } from '../../study/at-step.ts';
import { isBetter, rankTrials, type Criteria } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { firstFresh, freshSample } from '../fresh.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from '../strategy.ts';
import { advance, bestPaused, budgetOf, isMoving, shapeOf } from './brackets.ts';
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

/** What the slots of a step's population are given out by. */
interface Rungs {
  readonly brackets: readonly Bracket[];
  readonly step: number;
}

/** The step that a trial began with; Infinity for one that no bracket began. */
function bornAt({ origin: { bracket, rung } }: TrialRecord, { brackets }: Rungs): number {
  return brackets[Number(bracket) % brackets.length]?.steps[Number(rung)] ?? Infinity;
}

/** Those of some trials that came to a step, or are on their way there. */
function bound(trials: readonly TrialRecord[], rungs: Rungs): readonly TrialRecord[] {
  const { step } = rungs;
  return trials.filter((trial) => (trial.budget?.step ?? 0) >= step && bornAt(trial, rungs) <= step);
}

/** A step's population is as large as the largest rung of that step. */
function sizeAt({ brackets, step }: Rungs): number {
  return Math.max(1, ...brackets.map(({ steps, counts }) => counts[steps.indexOf(step)] ?? 0));
}

/**
 * The trials that have told at a step, by the slot of its population that they hold. Those that were sent on to the step
 * take the slots in turn; the others have theirs from birth. What comes later takes a slot only by being better; anything is
 * better than what failed, whatever it reported before.
 */
function population(
  trials: readonly TrialRecord[],
  rungs: Rungs,
  criteria: Criteria,
): ReadonlyMap<unknown, TrialRecord> {
  const slots = new Map<unknown, TrialRecord>();
  const size = sizeAt(rungs);
  let sent = 0;
  for (const trial of bound(trials, rungs)) {
    const slot = bornAt(trial, rungs) === rungs.step ? trial.origin['slot'] : sent++ % size;
    const told = atStep(trial, rungs.step, criteria);
    const holder = slots.get(slot);
    if (told !== undefined && (holder === undefined || isBetter(told, holder, criteria))) slots.set(slot, told);
  }
  return slots;
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

/** By its first trial, the shape of a bracket that is full: nothing more ever happens in it. */
const full = new WeakMap<TrialRecord, string>();

function decide(input: StrategyInput, options: DehbOptions): Decision {
  const { history } = input;
  const brackets = hyperbandBrackets(options);
  const groups = groupsOf(history, bracketOf);
  const shapes = brackets.map(shapeOf);
  for (let number = 0; ; number += 1) {
    const bracket = brackets[number % brackets.length] ?? { steps: [], counts: [] };
    const members = groups.get(number) ?? [];
    const [first] = members;
    const shape = shapes[number % brackets.length] ?? '';
    if (first !== undefined && full.get(first) === shape) continue;
    // In the first round there is no population to breed from yet: the best of each rung go on themselves.
    if (number < brackets.length && members.length >= (bracket.counts[0] ?? 0)) {
      const next = advance(bracket, members, history);
      if (typeof next === 'object') return next;
      if (next === 'over' && first !== undefined) full.set(first, shape);
      continue;
    }
    for (const [rung, count] of bracket.counts.entries()) {
      const there = members.filter(({ origin }) => origin['rung'] === rung);
      if (there.length < count) return propose(input, options, { bracket: number, rung }, brackets);
      // The rung above breeds from this one once all of it have told; meanwhile the next bracket begins.
      if (there.some(isMoving)) break;
      if (rung === bracket.counts.length - 1 && first !== undefined) full.set(first, shape);
    }
  }
}

/** What is done when the space has run out: the best of the trials that came furthest goes on. */
function trainOn(exhausted: Decision, { history }: StrategyInput, { steps = [] }: Partial<Bracket> = {}): Decision {
  const groups = groupsOf(history, stepOf);
  for (let rung = steps.length - 2; rung >= 0; rung -= 1) {
    const step = steps[rung] ?? 1;
    const best = bestPaused(groups.get(step) ?? [], step, history);
    if (best !== undefined) return { type: 'resume', trial: best.number, budget: budgetOf(steps, rung + 1) };
  }
  return history.running.length === 0 ? exhausted : { type: 'wait', reason: 'trials are running that may go on' };
}

/** A trial for a rung of a bracket, with a slot of that step's population: a child of it, known or not, or a new config. */
function propose(
  input: StrategyInput,
  options: DehbOptions,
  { bracket, rung }: { readonly bracket: number; readonly rung: number },
  brackets: readonly Bracket[],
): Decision {
  const { history, space } = input;
  const { trials, criteria } = history;
  const { steps, counts } = brackets[bracket % brackets.length] ?? { steps: [], counts: [] };
  const step = steps[rung] ?? 1;
  const rungs = { brackets, step };
  const slots = population(trials, rungs, criteria);
  const place = { bracket, rung, slot: bound(trials, rungs).length % sizeAt(rungs) };
  const budget = { step, last: step === options.max };
  // Above the first rung the parents are the best of the rung below.
  const own = groupsOf(history, bracketOf).get(bracket) ?? [];
  const below = rung === 0 ? slots : population(own, { brackets, step: steps[rung - 1] ?? 1 }, criteria);
  const ranked = rankTrials([...below.values()], criteria);
  const parents = rung === 0 ? ranked : ranked.slice(0, Math.max(3, counts[rung] ?? 0));
  const heir = slots.get(place.slot) ?? (rung === 0 ? undefined : ranked[place.slot % Math.max(1, ranked.length)]);
  let known: TrialRecord | undefined;
  // A child that waits at fewer steps is trained on, rather than refused.
  const waiting = (key: string): TrialRecord | undefined =>
    trials.find(
      ({ state, budget: had, config }) => state === 'paused' && (had?.step ?? step) < step && space.key(config) === key,
    );
  const child =
    heir === undefined || parents.length === 0
      ? undefined
      : firstFresh(input, (random) => {
          if (known !== undefined) return undefined;
          const made = evolved(input, heir, parents, options, random);
          const key = space.key(made.config);
          if (history.tried.has(key)) known = waiting(key);
          return known === undefined ? made : undefined;
        });
  if (known !== undefined) return { type: 'resume', trial: known.number, budget };
  if (child !== undefined) {
    const origin = { operator: 'evolve', parents: child.parents, ...place };
    return { type: 'try', config: child.config, origin, budget };
  }
  const sampled = freshSample(input, { operator: 'sample', ...place });
  return sampled.type === 'try' ? { ...sampled, budget } : trainOn(sampled, input, brackets[0]);
}

/**
 * DEHB: Hyperband's brackets filled by differential evolution (rand/1/bin), with a population for every number of steps.
 * In the first round of brackets the best of each rung go on to the next. From then on the rung above breeds configs from
 * the best of it, which train anew, unless one of them waits at fewer steps and goes on from there. Nothing is bred
 * from failed trials. When the space has run out, paused trials go on.
 *
 * Source: Awad, Mallik, Hutter, "DEHB: evolutionary hyperband for scalable, robust and efficient hyperparameter
 * optimization", IJCAI 2021; the first round is that of the authors' program.
 */
export const dehb: StrategyFactory<DehbOptions> = defineStrategy<DehbOptions>({
  name: 'dehb',
  defaults: { min: 1, max: 81, eta: 3, scale: 0.5, crossoverProbability: 0.5 },
  limits: { ...rungLimits, crossoverProbability: part },
  check: (options) => {
    const { scale } = options;
    return scale > 0 && scale <= 2 ? checkRungs(options) : `scale is ${scale}: give a number above 0, up to 2`;
  },
  decide,
});

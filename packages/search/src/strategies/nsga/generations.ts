/**
 * Generations by trial number, which NSGA-II and NSGA-III share: who the parents are, and how a child is made of them.
 */
import { atLeastZero, wholeFromOne, orNull, part, wholeFrom, type Limit } from '../../limits.ts';
import type { RandomStream } from '../../random/random-stream.ts';
import type { ConfigObject } from '../../space/node.ts';
import { fromUnit, toUnit } from '../../space/number-scale.ts';
import { simulatedBinary } from '../../space/operators.ts';
import type { ParameterValue } from '../../space/parameter.ts';
import { sampleParameter, type ActiveParameter, type Space } from '../../space/space.ts';
import { mutateParameter } from '../../space/variation.ts';
import type { History } from '../../study/history.ts';
import type { Criteria } from '../../study/ranking.ts';
import { isFinished, type Origin, type TrialRecord } from '../../study/trial-record.ts';
import { firstFresh, freshSample } from '../fresh.ts';
import type { Decision, StrategyInput } from '../strategy.ts';
import { compareMembers, flatOf, memberOf, type Member } from './member.ts';

/** How a generation comes from the one before, in NSGA-II and NSGA-III alike. */
export interface VariationOptions {
  /** How likely a child has two parents rather than one. */
  readonly crossoverProbability: number;
  /** The distribution index of simulated binary crossover. */
  readonly crossoverEta: number;
  /** How likely each parameter mutates; null: 1 / number of active parameters. */
  readonly mutationProbability: number | null;
  /** The distribution index of polynomial mutation. */
  readonly mutationEta: number;
}

/** What breeds by generations. */
export interface Evolution {
  /** How many trials the first generation has. */
  readonly population: number;
  /** How many trials each later one has. */
  readonly offspring: number;
  readonly variation: VariationOptions;
  /** Those of the members, some generation and its children, that the next one has as parents. */
  survive(members: readonly Member[]): readonly Member[];
}

/** The generation that a trial's number belongs to. */
function generationOf({ population, offspring }: Evolution, number: number): number {
  return number < population ? 0 : 1 + Math.floor((number - population) / offspring);
}

/** The number that a generation begins with. */
function firstOf({ population, offspring }: Evolution, generation: number): number {
  return generation === 0 ? 0 : population + (generation - 1) * offspring;
}

/** The survivors of a generation, all of whose trials have finished or are in hand. */
interface Settled {
  readonly evolution: Evolution;
  readonly members: readonly Member[];
  /** The trials up to its end that were in hand: the survivors change when one of these finishes. */
  readonly inHand: string;
}

/** By the last trial of a generation: its record belongs to one study, whose finished trials are final. */
const settled = new WeakMap<TrialRecord, Settled>();

/** How many generations are remembered: with many workers, an older one than the last is asked for. */
const remembered = 4;

/** The place of the first trial of at least that number. */
function placeOf(trials: readonly TrialRecord[], number: number): number {
  let place = Math.min(number, trials.length);
  while (place > 0 && (trials[place - 1]?.number ?? 0) >= number) place -= 1;
  return place;
}

function survivorsOf(
  evolution: Evolution,
  parents: readonly Member[],
  trials: readonly TrialRecord[],
  { criteria }: History,
): readonly Member[] {
  const children = trials.flatMap((trial) => (trial.state === 'complete' ? memberOf(trial, criteria) : []));
  return evolution.survive([...parents, ...children]);
}

/**
 * The parents of the generation that a number belongs to: what survived of those before. Numbers alone say which
 * generation a trial belongs to. While earlier trials are still running, what has finished of them stands in, so that
 * no worker waits.
 */
export function parentsOf(evolution: Evolution, history: History, number: number): readonly Member[] {
  const { trials } = history;
  const slice = (generation: number): readonly TrialRecord[] =>
    trials.slice(placeOf(trials, firstOf(evolution, generation)), placeOf(trials, firstOf(evolution, generation + 1)));
  const inHand = (generation: number): string => {
    const end = firstOf(evolution, generation + 1);
    return history.running.flatMap((trial) => (trial.number < end ? trial.number : [])).join();
  };
  const open: { readonly generation: number; readonly children: readonly TrialRecord[] }[] = [];
  let members: readonly Member[] = [];
  for (let generation = generationOf(evolution, number) - 1; generation >= 0; generation -= 1) {
    const children = slice(generation);
    const last = children.at(-1);
    const known = last === undefined ? undefined : settled.get(last);
    if (known?.evolution === evolution && known.inHand === inHand(generation)) {
      members = known.members;
      break;
    }
    open.unshift({ generation, children });
  }
  let whole = true;
  for (const { generation, children } of open) {
    members = survivorsOf(evolution, members, children, history);
    const size = firstOf(evolution, generation + 1) - firstOf(evolution, generation);
    whole &&= children.length === size && children.every((trial) => isFinished(trial) || trial.state === 'running');
    const last = children.at(-1);
    if (!whole || last === undefined) continue;
    settled.set(last, { evolution, members, inHand: inHand(generation) });
    const old = generation < remembered ? undefined : slice(generation - remembered).at(-1);
    if (old !== undefined) settled.delete(old);
  }
  return members;
}

/** The better of two members picked at random. */
function winner(members: readonly Member[], random: RandomStream): Member | undefined {
  const [a, b] = [members[random.below(members.length)], members[random.below(members.length)]];
  if (a === undefined || b === undefined) return undefined;
  return (compareMembers(a, b) || b.merit - a.merit) > 0 ? b : a;
}

/** The value of a child's parameter that both parents may have. */
function inherit(
  first: ActiveParameter | undefined,
  second: ActiveParameter | undefined,
  eta: number,
  draws: RandomStream,
): ParameterValue | undefined {
  if (first === undefined || second === undefined) return (first ?? second)?.value;
  const [a, b] = draws.chance(0.5) ? [first, second] : [second, first];
  const { parameter } = a;
  if (a.value === b.value || parameter.kind === 'choice' || draws.chance(0.5)) return a.value;
  const [one, other] = [toUnit(parameter, Number(a.value)), toUnit(parameter, Number(b.value))];
  return fromUnit(parameter, simulatedBinary(one, other, eta, draws.uniform())[0]);
}

function child(
  space: Space,
  members: readonly Member[],
  { crossoverProbability, crossoverEta, mutationProbability, mutationEta }: VariationOptions,
  random: RandomStream,
): { readonly config: ConfigObject; readonly origin: Origin } | undefined {
  const draws = random.at('breed');
  const [first, second] = [winner(members, draws), winner(members, draws)];
  if (first === undefined || second === undefined) return undefined;
  const crossed = first !== second && draws.chance(crossoverProbability);
  const a = flatOf(space, first);
  const b = crossed ? flatOf(space, second) : a;
  const probability = mutationProbability ?? 1 / Math.max(1, a.size);
  const config = space.build((path, parameter) => {
    const value = crossed ? inherit(a.get(path), b.get(path), crossoverEta, draws) : a.get(path)?.value;
    if (value === undefined) return sampleParameter(parameter, draws);
    return draws.chance(probability) ? mutateParameter(parameter, value, draws, mutationEta) : value;
  });
  const parents = crossed ? [first.trial.number, second.trial.number] : [first.trial.number];
  return { config, origin: { operator: crossed ? 'crossover' : 'mutation', parents } };
}

/** What to try as that number of an evolution: a random config in the first generation, a child in a later one. */
export function evolve(input: StrategyInput, evolution: Evolution): Decision {
  const { space, history, number } = input;
  const generation = generationOf(evolution, number);
  const members = generation === 0 ? [] : parentsOf(evolution, history, number);
  const made =
    members.length === 0
      ? undefined
      : firstFresh(input, (random) => child(space, members, evolution.variation, random));
  if (made === undefined) return freshSample(input, { operator: 'sample', generation });
  return { type: 'try', config: made.config, origin: { ...made.origin, generation } };
}

/** The options that say how many trials a generation has. */
export interface GenerationOptions {
  readonly population: number;
  readonly offspring: number | null;
}

/** How many children the options give each generation. */
export function offspringOf({ population, offspring }: GenerationOptions): number {
  return offspring ?? Math.ceil(population / 4);
}

/** What the options have to be. */
export const evolutionLimits: Readonly<Record<keyof (VariationOptions & GenerationOptions), Limit>> = {
  population: wholeFrom(2),
  offspring: orNull(wholeFromOne),
  crossoverProbability: part,
  crossoverEta: atLeastZero,
  mutationProbability: orNull(part),
  mutationEta: atLeastZero,
};

const evolutions = new WeakMap<object, WeakMap<Criteria, Evolution>>();

/** The evolution of a strategy's options in a study, the same each time: settled generations are known by it. */
export function evolutionOf(options: object, criteria: Criteria, make: () => Evolution): Evolution {
  let known = evolutions.get(options);
  if (known === undefined) evolutions.set(options, (known = new WeakMap()));
  let evolution = known.get(criteria);
  if (evolution === undefined) known.set(criteria, (evolution = make()));
  return evolution;
}

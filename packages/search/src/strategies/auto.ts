/**
 * The strategy for whoever does not want to choose one: rules over space, objectives and budget, each with its reason.
 */
import { countFrom, orNull } from '../limits.ts';
import type { JsonObject } from '../json.ts';
import type { SpaceNode } from '../space/node.ts';
import type { Space } from '../space/space.ts';
import type { Criteria } from '../study/ranking.ts';
import { memberOf } from './member.ts';
import { defineStrategy, type StrategyFactory } from './strategy.ts';

/** The options of {@link auto}. */
export interface AutoOptions {
  /**
   * About how many trials the study will have; null when that is open. Then it counts as a hundred, and numbers are
   * searched as suits what the study has had so far.
   */
  readonly trials: number | null;
}

/** A strategy chosen, and what for. */
export interface ChosenStrategy {
  readonly name: string;
  readonly options: JsonObject;
  /** For a reader: what decided. */
  readonly why: string;
}

/** What the choice depends on. */
interface Situation {
  readonly trials: number;
  /** As many trials as there will surely be: all, or those so far where that is open. */
  readonly sure: number;
  readonly size: number;
  readonly objectives: number;
  readonly constraints: number;
  /** Active at once at most: all but those of branches not taken count. */
  readonly parameters: number;
  readonly architectures: boolean;
  readonly conditional: boolean;
  readonly numeric: boolean;
}

function kindsIn(node: SpaceNode): readonly SpaceNode['kind'][] {
  switch (node.kind) {
    case 'group':
      return Object.values(node.fields).flatMap(kindsIn);
    case 'branch':
      return ['branch', ...Object.values(node.branches).flatMap(kindsIn)];
    case 'list':
      return ['list', ...kindsIn(node.item)];
    case 'graph':
      return ['graph', ...kindsIn(node.node)];
    default:
      return [node.kind];
  }
}

function situationOf(
  space: Space,
  { objectives, constraints }: Criteria,
  trials: number | null,
  done: number,
): Situation {
  const kinds = new Set(kindsIn(space.root));
  return {
    trials: trials ?? 100,
    sure: trials ?? done + 1,
    size: space.size,
    objectives: objectives.length,
    constraints: constraints.length,
    parameters: space.parameters().size,
    architectures: kinds.has('graph') || kinds.has('list') || kinds.has('permutation'),
    conditional: kinds.has('branch'),
    numeric: [...kinds].every((kind) => kind === 'float' || kind === 'int'),
  };
}

interface Rule {
  readonly name: string;
  readonly applies: (situation: Situation) => boolean;
  readonly options?: (situation: Situation) => JsonObject;
  readonly why: (situation: Situation) => string;
}

/** The first that applies is chosen. Who wins where was measured: `npm run bench:search`. */
const rules: readonly Rule[] = [
  {
    name: 'grid',
    applies: ({ size, trials }) => size <= trials,
    why: ({ size, trials }) => `all ${size} configs fit into ${trials} trials`,
  },
  {
    name: 'nsga3',
    applies: ({ objectives, trials }) => objectives > 3 && trials > 1000,
    why: ({ objectives }) => `${objectives} objectives, and trials enough for generations`,
  },
  {
    name: 'nsga2',
    applies: ({ objectives, trials }) => objectives > 1 && trials > 1000,
    why: ({ trials }) => `several objectives, and with ${trials} trials enough for generations`,
  },
  {
    name: 'aging-evolution',
    applies: ({ architectures, objectives }) => architectures && objectives === 1,
    options: ({ trials }) => {
      const population = Math.max(10, Math.min(100, Math.round(trials / 5)));
      return { population, sample: Math.max(3, Math.round(population / 3)) };
    },
    why: () => 'the space has architectures, lists or permutations, which evolve by small edits',
  },
  {
    name: 'tpe',
    applies: ({ conditional, objectives }) => conditional || objectives > 1,
    why: ({ conditional }) =>
      conditional ? 'some parameters exist only beside others' : 'several objectives, and few trials',
  },
  {
    name: 'gp',
    applies: ({ numeric, constraints, sure, parameters }) =>
      numeric && constraints === 0 && sure <= 60 && parameters <= 20,
    why: () => 'numbers only, and few trials, so that each must count',
  },
  {
    name: 'cma-es',
    applies: ({ numeric, constraints, sure, parameters }) =>
      numeric && constraints === 0 && sure > 100 && sure >= 20 * parameters,
    why: ({ parameters, sure }) =>
      `numbers only, ${parameters} of them, and with ${sure} trials enough to learn how they go together`,
  },
  { name: 'tpe', applies: () => true, why: () => 'it does well on spaces of every kind' },
];

/**
 * The strategy that {@link auto} takes for a space, objectives and a number of trials (null: open), and why. In an open
 * study that depends on how many trials there were before.
 */
export function chooseStrategy(
  space: Space,
  criteria: Criteria,
  trials: number | null = null,
  done: number = 0,
): ChosenStrategy {
  const situation = situationOf(space, criteria, trials, done);
  const rule = rules.find(({ applies }) => applies(situation)) as Rule;
  return { name: rule.name, options: rule.options?.(situation) ?? {}, why: rule.why(situation) };
}

/**
 * The strategy that suits space, objectives and budget: {@link chooseStrategy} says which, and why. Each trial's origin
 * names it as `chosen`, and that of the first after a choice tells `why`.
 */
export const auto: StrategyFactory<AutoOptions> = defineStrategy<AutoOptions>({
  name: 'auto',
  defaults: { trials: null },
  limits: { trials: orNull(countFrom(1)) },
  decide: (input, { trials }) => {
    const { space, history, number } = input;
    const { name, options, why } = chooseStrategy(space, history.criteria, trials, number);
    const decision = memberOf(name, options).decide(input);
    if (decision.type !== 'try') return decision;
    const before = history.trials.findLast(({ origin }) => origin['chosen'] !== undefined);
    const reason = before?.origin['chosen'] === name ? {} : { why };
    return { ...decision, origin: { ...decision.origin, chosen: name, ...reason } };
  },
});

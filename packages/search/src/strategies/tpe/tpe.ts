/** The tree-structured Parzen estimator. */
import { wholeFromOne } from '../../limits.ts';
import type { Choose } from '../../space/node.ts';
import { sampleParameter } from '../../space/space.ts';
import type { RandomStream } from '../../random/random-stream.ts';
import { codesOf, valueOf, type Codes } from '../codes.ts';
import { freshProposal, freshSample } from '../fresh.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from '../strategy.ts';
import { apart, together } from './bandwidths.ts';
import { Density, type Observed } from './density.ts';
import { groupsOf, type Group } from './groups.ts';
import { splitTrials } from './split.ts';

/** The options of {@link tpe}. */
export interface TpeOptions {
  /** How many random trials come first. Default 10. */
  readonly initial: number;
  /** How many draws from the good density each suggestion is the best of. Default 24. */
  readonly candidates: number;
  /** Whether parameters that are active together are drawn together, rather than each for itself. Default true. */
  readonly multivariate: boolean;
}

const tpeDefaults: TpeOptions = { initial: 10, candidates: 24, multivariate: true };

/** The most trials the densities are made of: in longer studies, the latest and an even sample of the others. */
const mostKernels = 200;

/** The weights of so many observations, 1 on average or less. */
type Weights = (count: number) => Float64Array;

/** Of good ones, best first: by rank, since the best tell more of where to look than those that just got in. */
const byRank: Weights = (count) =>
  Float64Array.from({ length: count }, (_, index) => (2 * (count - index)) / (count + 1));

/** Of the others, by number: the last 25 count fully, those before less by their age. */
function byAge(count: number): Float64Array {
  const old = count - 25;
  return Float64Array.from({ length: count }, (_, index) =>
    index >= old ? 1 : (1 / count) * (1 - index / Math.max(1, old - 1)) + index / Math.max(1, old - 1),
  );
}

function densityOf(group: Group, configs: readonly Codes[], weights: Weights, multivariate: boolean): Density {
  const [first = ''] = group.keys();
  const having = configs.filter((codes) => codes.has(first));
  const observed: readonly Observed[] = [...group].map(([path, parameter]) => {
    const codes = new Float64Array(having.length);
    for (const [index, config] of having.entries()) codes[index] = config.get(path)?.code ?? 0;
    return { parameter, codes };
  });
  return new Density(observed, weights(having.length), multivariate ? together : apart);
}

/** The draw from the good density that is likeliest to be good. */
function bestDraw(good: Density, bad: Density, candidates: number, random: RandomStream): readonly number[] {
  let best: readonly number[] = [];
  let most = -Infinity;
  for (let round = 0; round < candidates; round += 1) {
    const point = good.draw(random);
    const gain = good.logAt(point) - bad.logAt(point);
    if (gain > most || round === 0) [best, most] = [point, gain];
  }
  return best;
}

interface Model {
  readonly group: Group;
  readonly good: Density;
  readonly bad: Density;
}

function modelsOf(
  { space, history }: StrategyInput,
  multivariate: boolean,
  wanted: (path: string) => boolean = () => true,
): readonly Model[] {
  const split = splitTrials(history, (finished) => Math.min(Math.ceil(0.1 * finished), 25), mostKernels);
  const good = split.good.map(({ config }) => codesOf(space, config));
  const bad = split.bad.map(({ config }) => codesOf(space, config));
  const joint = groupsOf([...good, ...bad]).map((group): Group => new Map([...group].filter(([path]) => wanted(path))));
  const groups = multivariate ? joint : joint.flatMap((group) => [...group].map((entry): Group => new Map([entry])));
  return groups
    .filter(({ size }) => size > 0)
    .map((group) => ({
      group,
      good: densityOf(group, good, byRank, multivariate),
      bad: densityOf(group, bad, byAge, multivariate),
    }));
}

/** Draws a value for each path that the models know, and makes a function of them that samples all others. */
function drawFrom(models: readonly Model[], candidates: number, random: RandomStream): Choose {
  const drawn = new Map<string, number>();
  for (const { group, good, bad } of models) {
    const [name = ''] = group.keys();
    const point = bestDraw(good, bad, candidates, random.at('draw').at(name));
    [...group.keys()].forEach((path, index) => drawn.set(path, point[index] ?? 0));
  }
  return (path, parameter) => {
    const code = drawn.get(path);
    return code === undefined ? sampleParameter(parameter, random.at(path)) : valueOf(parameter, code);
  };
}

/** Whether there is not yet enough to make densities of. */
function isEarly({ history }: StrategyInput, initial: number): boolean {
  return history.finished.length < initial || !history.finished.some(({ state }) => state === 'complete');
}

/** What gives some of a config's parameters as {@link tpe} would, for a strategy that knows how to give the others. */
export function tpeSampler(input: StrategyInput, wanted: (path: string) => boolean): (random: RandomStream) => Choose {
  const { initial, candidates } = tpeDefaults;
  const models = isEarly(input, initial) ? [] : modelsOf(input, true, wanted);
  return (random) => drawFrom(models, candidates, random);
}

function decide(input: StrategyInput, options: TpeOptions): Decision {
  const { initial, candidates, multivariate } = options;
  if (isEarly(input, initial)) return freshSample(input);
  const models = modelsOf(input, multivariate);
  const origin = { operator: 'tpe' };
  return freshProposal(input, (random) => ({
    config: input.space.build(drawFrom(models, candidates, random)),
    origin,
  }));
}

/**
 * The tree-structured Parzen estimator: of some draws from the density of good configs, the one where it is highest as
 * against the density of all others. The best tenth of the trials, at most 25, are the good ones; the better of them
 * weigh more, by rank, so that only the order of the objective's values matters.
 *
 * Parameters that are active together share one density, so that it knows what goes with what. Trials in hand count as
 * bad ones, which keeps workers apart. Several objectives are ranked by fronts and the volume added; infeasible
 * trials come last, pruned ones by how far they came. Of more than 200 trials it sees the best, the latest, and a sample.
 *
 * Source: Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011; Ozaki et al., "Multiobjective
 * tree-structured Parzen estimator", GECCO 2020; Watanabe, "Tree-structured Parzen estimator", 2023.
 */
export const tpe: StrategyFactory<TpeOptions> = defineStrategy<TpeOptions>({
  name: 'tpe',
  defaults: tpeDefaults,
  limits: { initial: wholeFromOne, candidates: wholeFromOne },
  decide,
});

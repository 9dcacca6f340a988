/** Growth of architectures from the smallest on, each child able to inherit the weights of its parent. */
import { atLeastZero, wholeFromOne, part } from '../limits.ts';
import type { JsonObject } from '../json.ts';
import type { RandomStream } from '../random/random-stream.ts';
import { editSequence } from '../space/edits.ts';
import { changeOne, mutateOne } from '../space/mutate-one.ts';
import type { ConfigObject } from '../space/node.ts';
import { gridIndex, gridSize, gridValue } from '../space/number-scale.ts';
import type { Space } from '../space/space.ts';
import { growing } from '../study/growing.ts';
import type { History } from '../study/history.ts';
import type { TrialRecord } from '../study/trial-record.ts';
import { firstFresh, freshSample } from './fresh.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from './strategy.ts';

/** The options of {@link grow}. */
export interface GrowOptions {
  /** How many configs of the smallest size come first. Default 5. */
  readonly initial: number;
  /** How many of the best trials are grown. Default 1. */
  readonly width: number;
  /** The path of the whole number that counts blocks; null (the default): `blocks` where there is one, and lists. */
  readonly path: string | null;
  /** How likely a child is larger than its parent, rather than different in one parameter. Default 0.5. */
  readonly growProbability: number;
  /** How many trials must be tried for each size before a larger one: a size of n blocks after n times as many. Default 5. */
  readonly perSize: number;
}

/** How a child came from the trial whose weights it can inherit. */
interface Transformed {
  readonly config: ConfigObject;
  readonly type: 'grow' | 'change';
}

function counterOf(space: Space, path: string | null): string | undefined {
  const counter = path ?? 'blocks';
  const parameter = space.parameters().get(counter);
  return parameter === undefined || parameter.kind === 'choice' ? undefined : counter;
}

/** How much larger a config is than the smallest: steps of the counter, or items beyond. */
function sizeOf(space: Space, config: ConfigObject, counter: string | undefined): number {
  const flat = space.flatten(config);
  const active = counter === undefined ? undefined : flat.get(counter);
  if (active === undefined || active.parameter.kind === 'choice') return flat.size;
  return gridIndex(active.parameter, Number(active.value));
}

/** A config one block larger; undefined when it is as large as can be. */
function larger(
  space: Space,
  config: ConfigObject,
  counter: string | undefined,
  random: RandomStream,
): ConfigObject | undefined {
  const active = counter === undefined ? undefined : space.flatten(config).get(counter);
  if (counter !== undefined && active !== undefined && active.parameter.kind !== 'choice') {
    const { parameter, value } = active;
    const index = gridIndex(parameter, Number(value)) + 1;
    if (index >= gridSize(parameter)) return undefined;
    return changeOne(space, config, counter, random, () => gridValue(parameter, index));
  }
  const size = space.flatten(config).size;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const edited = editSequence(space, config, random.at(`edit ${attempt}`));
    if (edited !== undefined && space.flatten(edited).size > size) return edited;
  }
  return undefined;
}

/** The smallest configs there are: the counter at its least, lists as short as the edits make them. */
function smallest({ space }: StrategyInput, counter: string | undefined, random: RandomStream): ConfigObject {
  const config = space.sample(random);
  if (counter !== undefined) {
    return changeOne(space, config, counter, random.at('small'), ({ parameter, value }) =>
      parameter.kind === 'choice' ? value : gridValue(parameter, 0),
    );
  }
  let small: ConfigObject = config;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const edited = editSequence(space, small, random.at(`small ${attempt}`));
    if (edited !== undefined && space.flatten(edited).size < space.flatten(small).size) small = edited;
  }
  return small;
}

/** What an objective needs to turn the parent's weights into the child's: each parameter that differs, null for none. */
function changesOf(space: Space, parent: ConfigObject, child: ConfigObject): readonly JsonObject[] {
  const [before, after] = [space.flatten(parent), space.flatten(child)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((path) => {
    const [from, to] = [before.get(path)?.value ?? null, after.get(path)?.value ?? null];
    return from === to ? [] : [{ path, from, to }];
  });
}

function descend(
  input: StrategyInput,
  parent: TrialRecord,
  counter: string | undefined,
  { growProbability, perSize }: GrowOptions,
): Decision | undefined {
  const { space, history } = input;
  const ripe = history.finished.length >= perSize * (1 + sizeBeyond(input, parent, counter));
  const child = firstFresh(input, (random): Transformed | undefined => {
    const grown =
      ripe && random.at('grow?').chance(growProbability)
        ? larger(space, parent.config, counter, random.at('grow'))
        : undefined;
    if (grown !== undefined) return { config: grown, type: 'grow' };
    const changed = mutateOne(space, parent.config, random.at('change'));
    const shift = sizeOf(space, changed, counter) - sizeOf(space, parent.config, counter);
    return shift > 0 && !ripe ? undefined : { config: changed, type: shift > 0 ? 'grow' : 'change' };
  });
  if (child === undefined) return undefined;
  const { config, type } = child;
  const changes = changesOf(space, parent.config, config);
  const origin = { operator: type, parents: [parent.number], transform: { type, changes } };
  return { type: 'try', config, origin, inherits: parent.number };
}

const leastSizes = new WeakMap<Space, (history: History) => number>();

/** The size of the smallest config that has finished, of those without a counter. */
function leastSize({ space, history }: StrategyInput): number {
  let least = leastSizes.get(space);
  if (least === undefined) {
    least = growing(
      () => Infinity,
      (size, { config }) => Math.min(size, sizeOf(space, config, undefined)),
    );
    leastSizes.set(space, least);
  }
  return least(history);
}

/** By how much a trial is larger than the smallest tried. */
function sizeBeyond(input: StrategyInput, trial: TrialRecord, counter: string | undefined): number {
  const size = sizeOf(input.space, trial.config, counter);
  return counter === undefined ? size - leastSize(input) : size;
}

/**
 * Greedy growth: begin with the smallest configs, and go on from the best ones, either one block larger or different in
 * one parameter. `origin.transform` says what changed against the parent, whose checkpoint the trial starts from, so that
 * the objective can carry its weights over (Net2Net morphisms) rather than train from nothing.
 *
 * Source: the adaptive coordinate descent of Google's model_search (2021), whose depth grows with the trials tried; Elsken,
 * Metzen, Hutter, "Simple and efficient architecture search for convolutional neural networks", 2017, for inheriting.
 */
export const grow: StrategyFactory<GrowOptions> = defineStrategy<GrowOptions>({
  name: 'grow',
  defaults: { initial: 5, width: 1, path: null, growProbability: 0.5, perSize: 5 },
  limits: { initial: wholeFromOne, width: wholeFromOne, growProbability: part, perSize: atLeastZero },
  decide: (input, options) => {
    const { history, number, space } = input;
    const counter = counterOf(space, options.path);
    const best = history.trials.length < options.initial ? [] : history.best(options.width);
    const parent = best[number % Math.max(1, best.length)];
    if (parent !== undefined) {
      const next = descend(input, parent, counter, options);
      if (next !== undefined) return next;
    } else {
      const first = firstFresh(input, (random) => ({ config: smallest(input, counter, random) }));
      if (first !== undefined) return { type: 'try', config: first.config, origin: { operator: 'sample' } };
    }
    return freshSample(input);
  },
});

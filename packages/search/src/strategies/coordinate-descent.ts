/** Coordinate descent: one group of parameters at a time. */
import { wholeFromOne } from '../limits.ts';
import type { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import { sampleParameter, type Space } from '../space/space.ts';
import { changeParameters } from '../space/variation.ts';
import { freshProposal, freshSample } from './fresh.ts';
import { defineStrategy, type StrategyFactory } from './strategy.ts';

/** The options of {@link coordinateDescent}. */
export interface CoordinateDescentOptions {
  /** How many random configs come first. Default 10. */
  readonly initial: number;
  /** By name, the parameters that are drawn anew together, each by its path or the path it begins with. Default: a group
   * for each name at the top of the space. */
  readonly groups: Readonly<Record<string, readonly string[]>> | null;
}

function covers(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`);
}

/** The active parameters by group; those that no group names are one by themselves each. */
function groupsOf(
  space: Space,
  config: ConfigObject,
  groups: CoordinateDescentOptions['groups'],
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const path of space.flatten(config).keys()) {
    const top = path.split('.')[0] ?? path;
    const named = Object.entries(groups ?? {}).find(([, prefixes]) => prefixes.some((prefix) => covers(prefix, path)));
    const name = groups === null ? top : (named?.[0] ?? path);
    const group = found.get(name);
    if (group === undefined) found.set(name, new Set([path]));
    else group.add(path);
  }
  return found;
}

/** One of the groups, each as likely as it has parameters. */
function pickGroup(
  groups: ReadonlyMap<string, ReadonlySet<string>>,
  random: RandomStream,
): readonly [string, ReadonlySet<string>] | undefined {
  const members = [...groups].flatMap(([name, paths]) => Array.from(paths, () => name));
  const name = random.pick(members);
  const paths = name === undefined ? undefined : groups.get(name);
  return name === undefined || paths === undefined ? undefined : [name, paths];
}

/**
 * Coordinate descent by groups: each trial is the best one with one group of parameters drawn anew, the group chosen
 * with a probability by its number of parameters. A step is taken as soon as it is known to be better, so any number of
 * workers searches around the best there is.
 *
 * Source: the greedy search of Jin, Song, Hu, "Auto-Keras: an efficient neural architecture search system", KDD 2019.
 */
export const coordinateDescent: StrategyFactory<CoordinateDescentOptions> = defineStrategy<CoordinateDescentOptions>({
  name: 'coordinate-descent',
  defaults: { initial: 10, groups: null },
  limits: { initial: wholeFromOne },
  decide: (input, { initial, groups }) => {
    const { space, history } = input;
    const best = history.trials.length < initial ? undefined : history.best(1)[0];
    if (best === undefined) return freshSample(input);
    const known = groupsOf(space, best.config, groups);
    return freshProposal(input, (random) => {
      const group = pickGroup(known, random.at('group'));
      if (group === undefined) return undefined;
      const [name, paths] = group;
      const config = changeParameters(space, space.flatten(best.config), random.at('value'), (path, active, own) =>
        paths.has(path) ? sampleParameter(active.parameter, own()) : active.value,
      );
      return { config, origin: { operator: 'resample', parents: [best.number], group: name } };
    });
  },
});

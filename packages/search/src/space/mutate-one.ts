/** The smallest step away from a config, for strategies that climb. */
import type { RandomStream } from '../random/random-stream.ts';
import { editSequence } from './edits.ts';
import type { ConfigObject } from './node.ts';
import { changeParameters, mutateParameter, resampleParameter } from './variation.ts';
import type { ActiveParameter, Space } from './space.ts';

/** A config with one parameter changed, and what it becomes active by that sampled. */
export function changeOne<Config extends ConfigObject>(
  space: Space<Config>,
  config: Config,
  chosen: string,
  random: RandomStream,
  change: (active: ActiveParameter, own: RandomStream) => ActiveParameter['value'],
): Config {
  return changeParameters(space, space.flatten(config), random, (path, active, own) =>
    path === chosen ? change(active, own()) : active.value,
  );
}

/**
 * The smallest change of a config: one parameter near its old value or, where there are lists or graphs, as likely one
 * of those edited. `resample` draws the parameter's new value from its whole distribution.
 */
export function mutateOne<Config extends ConfigObject>(
  space: Space<Config>,
  config: Config,
  random: RandomStream,
  kind: 'polynomial' | 'resample' = 'polynomial',
): Config {
  const edited = random.at('edit?').chance(0.5) ? editSequence(space, config, random.at('edit')) : undefined;
  if (edited !== undefined) return edited;
  const movable = [...space.flatten(config)].filter(
    ([, { parameter }]) => parameter.kind !== 'choice' || parameter.values.length > 1,
  );
  const chosen = random.at('parameter').pick(movable)?.[0] ?? '';
  const make = kind === 'resample' ? resampleParameter : mutateParameter;
  return changeOne(space, config, chosen, random.at('value'), ({ parameter, value }, own) =>
    make(parameter, value, own),
  );
}

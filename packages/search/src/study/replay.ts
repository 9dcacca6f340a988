import type { ConfigObject } from '../space/node.ts';
import { spaceFromJson } from '../space/space.ts';
import { RandomStream } from '../random/random-stream.ts';
import { builtInStrategies, restoreStrategy } from '../strategies/built-in.ts';
import type { StrategyRecord } from '../strategies/built-in.ts';
import type { Decision, Strategy } from '../strategies/strategy.ts';
import { StudyView } from './study-view.ts';
import type { Study } from './study.ts';

/** A suggestion that came out otherwise. */
export interface ReplayDifference {
  readonly number: number;
  /** What the study recorded. */
  readonly recorded: ConfigObject;
  /** What the strategy makes of the same history now. */
  readonly replayed: Decision;
}

/** What a replay found. */
export interface ReplayResult {
  /** How many suggestions were made again. */
  readonly checked: number;
  /** Those that differ: none, for a pure strategy and the code that made them. */
  readonly differences: readonly ReplayDifference[];
}

/**
 * Makes every suggestion of a study again, from the seed and from the history that the strategy saw, and compares. It
 * holds for any number of workers, since each suggestion records the revision it was made at.
 * @throws StudyError when a strategy that the study once had is neither its present one nor built in.
 */
export async function replay<Config extends ConfigObject, Metric extends string>(
  study: Study<Config, Metric>,
): Promise<ReplayResult> {
  const { name, seed, storage, criteria } = study;
  const record = await storage.readStudy(name);
  if (record === undefined) return { checked: 0, differences: [] };
  const events = await storage.read(name, 0);
  const starts = events
    .flatMap(({ event }) => (event.type === 'start' ? event : []))
    .toSorted((a, b) => a.basis - b.basis || a.number - b.number);
  const differences: ReplayDifference[] = [];
  // The space as it is now holds every config there ever was; suggestions come from the space of their time.
  const view = new StudyView(record, study.space, criteria);
  const { projection } = view;
  let json = record.space;
  let space = spaceFromJson(json);
  for (const { number, config, origin, basis } of starts) {
    for (const event of events.slice(projection.revision, basis)) view.apply(event);
    if (json !== projection.space) {
      json = projection.space;
      space = spaceFromJson(json);
    }
    const random = new RandomStream(seed, number);
    const replayed = strategyOf(study, projection.strategy).decide({ space, history: view.history, random, number });
    const same =
      replayed.type === 'try' &&
      space.key(replayed.config) === space.key(config) &&
      JSON.stringify(replayed.origin) === JSON.stringify(origin);
    if (!same) differences.push({ number, recorded: config, replayed });
  }
  return { checked: starts.length, differences };
}

/** The study's own strategy where it is the one recorded, else the built-in one of that name. */
function strategyOf({ name, strategy }: Pick<Study, 'name' | 'strategy'>, recorded: StrategyRecord): Strategy {
  const present = JSON.stringify({ name: strategy.name, options: strategy.options });
  return present === JSON.stringify({ name: recorded.name, options: recorded.options })
    ? strategy
    : restoreStrategy(name, recorded, builtInStrategies);
}

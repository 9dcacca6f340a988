/** Replays a study: the proof that every suggestion follows from seed and history. */
import type { ConfigObject } from '../space/node.ts';
import { spaceFromJson, type Space } from '../space/space.ts';
import { RandomStream } from '../random/random-stream.ts';
import type { Plugin } from '../plugin.ts';
import type { ResumeEvent, StartEvent } from '../storage/events.ts';
import type { Decision, Strategy } from '../strategies/strategy.ts';
import { StudyView } from './study-view.ts';
import type { Study } from './study.ts';

/** A suggestion that came out otherwise. */
export interface ReplayDifference {
  /** The number the strategy was asked for. */
  readonly number: number;
  /** What the study recorded: a config, or the number of the trial that went on. */
  readonly recorded: ConfigObject | number;
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
 * @throws {StudyError} when a strategy that the study once had is neither its present one nor built in.
 */
export async function replay<Config extends ConfigObject, Metric extends string>(
  study: Study<Config, Metric>,
): Promise<ReplayResult> {
  const { name, seed, storage, criteria } = study;
  const record = await storage.readStudy(name);
  if (record === undefined) return { checked: 0, differences: [] };
  const events = await storage.read(name, 0);
  const starts = events
    .flatMap(({ event }) => (event.type === 'start' || event.type === 'resume' ? event : []))
    .toSorted((a, b) => a.basis - b.basis || askedFor(a) - askedFor(b));
  const differences: ReplayDifference[] = [];
  // The space as it is now holds every config there ever was; suggestions come from the space of their time.
  const view = new StudyView(record, study.space, criteria);
  const { projection } = view;
  let json = record.space;
  let space = spaceFromJson(json);
  for (const start of starts) {
    const { basis } = start;
    const number = askedFor(start);
    for (const event of events.slice(projection.revision, basis)) view.apply(event);
    if (json !== projection.space) {
      json = projection.space;
      space = spaceFromJson(json);
    }
    const random = new RandomStream(seed, number);
    const input = { space, history: view.passing, random, number, duplicates: record.duplicates };
    const replayed = (await strategyOf(study, projection.strategy)).decide(input);
    if (isSame(start, replayed, space)) continue;
    differences.push({ number, recorded: start.type === 'start' ? start.config : start.number, replayed });
  }
  return { checked: starts.length, differences };
}

/** The number that a strategy was asked for when it decided this. */
function askedFor(event: StartEvent | ResumeEvent): number {
  return event.type === 'start' ? event.number : event.asked;
}

/** Whether a decision is the one recorded. */
function isSame(event: StartEvent | ResumeEvent, decision: Decision, space: Space): boolean {
  if (JSON.stringify(event.budget) !== JSON.stringify('budget' in decision ? decision.budget : undefined)) return false;
  if (event.type === 'resume') return decision.type === 'resume' && decision.trial === event.number;
  if (decision.type !== 'try') return false;
  const { reuses: _, ...origin } = event.origin;
  return (
    space.key(decision.config) === space.key(event.config) &&
    JSON.stringify(decision.origin) === JSON.stringify(origin) &&
    decision.inherits === event.inherits
  );
}

/** The study's own strategy where it is the one recorded, else the built-in one of that name. */
async function strategyOf({ name, strategy }: Pick<Study, 'name' | 'strategy'>, recorded: Plugin): Promise<Strategy> {
  const present = JSON.stringify({ name: strategy.name, options: strategy.options });
  if (present === JSON.stringify({ name: recorded.name, options: recorded.options })) return strategy;
  const { restoreStrategy } = await import('../plugin-registry.ts');
  return restoreStrategy(name, recorded);
}

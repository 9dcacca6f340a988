/** Creates and opens studies: what may change when one is resumed, and what would make its trials worthless. */
import { longestName } from '../checked/check.ts';
import { quote, showValue } from '../checked/quote.ts';
import { recordProblem } from '../checked/stored.ts';
import { SpaceChangedError, StudyError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ConfigObject } from '../space/node.ts';
import { spaceFromJson, type Space } from '../space/space.ts';
import type { EarlyStopping } from '../early-stopping/early-stopping.ts';
import type { Plugin } from '../plugin.ts';
import { elapsedClock } from '../timers.ts';
import type * as pluginRegistry from '../plugin-registry.ts';
import type { AmendEvent, DuplicatePolicy, StoredEvent, StudyRecord } from '../storage/events.ts';
import { openStorage } from '../storage/open-storage.ts';
import { shownUrl } from '../storage/shown-url.ts';
import { Projection } from '../storage/projection.ts';
import type { Storage } from '../storage/storage.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { parseConstraint, parseObjective, showConstraint, showObjective, type MetricOf } from './objective.ts';
import type { Criteria } from './ranking.ts';
import { Study } from './study.ts';

/** What every way to open a study takes. */
interface OpenOptions {
  /** A storage, or its URL: `memory:` (the default), `journal:path`. */
  readonly storage?: string | Storage;
  /**
   * The clock, in milliseconds since 1970. Default: `Date.now` says when something happens, and how long it takes is
   * measured by a clock that is never set.
   */
  readonly now?: () => number;
}

/** What defines a study. */
export interface StudyOptions<
  Config extends ConfigObject = ConfigObject,
  Objective extends string = string,
  Bound extends string = never,
> extends OpenOptions {
  /** Unique in its storage. */
  readonly name: string;
  readonly space: Space<Config>;
  /** One or more of `maximize <metric>` and `minimize <metric>`. */
  readonly objectives: readonly Objective[];
  /** What a trial must satisfy to be feasible: `<metric> <= <number>` or `>=`. */
  readonly constraints?: readonly Bound[];
  /** Default `auto()`. */
  readonly strategy?: Strategy;
  /** What ends trials early. Default: nothing. */
  readonly earlyStopping?: EarlyStopping;
  /** What happens to a config that was tried before. Default `avoid`. */
  readonly duplicates?: DuplicatePolicy;
  /** How often a trial whose worker vanished is tried again before it fails as lost. Default 3. */
  readonly retries?: number;
  /** Kept with the study from its creation on, for whoever opens it: {@link Study.attributes}. */
  readonly attributes?: JsonObject;
  /** A whole number from 0 that every random choice comes from. Default 0. */
  readonly seed?: number;
  /** Goes on with the study of this name if there is one; without it, that is an error. Default false. */
  readonly resume?: boolean;
}

/** What finds a study again. */
export interface OpenStudyOptions extends OpenOptions {
  readonly storage: string | Storage;
  /** May be left out when the storage holds one study only. */
  readonly name?: string;
  /** Needed when the study's strategy is not built in; else the stored one goes on. */
  readonly strategy?: Strategy;
  /** Needed when the study's early stopping is not built in; else the stored one goes on. */
  readonly earlyStopping?: EarlyStopping;
}

/** Opens a storage for a function; one it opened itself is closed again when the function fails. */
async function withStorage<T>(
  storage: string | Storage,
  use: (storage: Storage, ownsStorage: boolean) => Promise<T>,
): Promise<T> {
  if (typeof storage !== 'string') return use(storage, false);
  const opened = await openStorage(storage);
  try {
    return await use(opened, true);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function criteriaOf(
  name: string,
  { objectives, constraints }: Pick<StudyRecord, 'objectives' | 'constraints'>,
): Criteria {
  const criteria = { objectives: objectives.map(parseObjective), constraints: constraints.map(parseConstraint) };
  const metrics = criteria.objectives.map(({ metric }) => metric);
  if (metrics.length === 0) {
    throw new StudyError('options', name, "it has no objectives: give at least one, such as 'maximize accuracy'");
  }
  const twice = metrics.find((metric, index) => metrics.indexOf(metric) !== index);
  if (twice !== undefined)
    throw new StudyError('options', name, `${showValue(twice)} is an objective twice: give it once`);
  return criteria;
}

/** What its events say that a study is now: space, strategy and early stopping. */
function latest(record: StudyRecord, events: readonly StoredEvent[]): Projection {
  const projection = new Projection(record);
  for (const event of events) if (event.event.type === 'amend') projection.apply(event);
  return projection;
}

/** Refuses to resume a study with what its trials were not made with. */
function checkSame(before: StudyRecord, after: StudyRecord): void {
  const facts = (record: StudyRecord): Readonly<Record<string, string>> => ({
    objectives: record.objectives.join(', '),
    constraints: record.constraints.join(', ') || 'none',
    seed: String(record.seed),
    duplicates: record.duplicates,
  });
  const [old, now] = [facts(before), facts(after)];
  const changes = Object.keys(old).filter((fact) => old[fact] !== now[fact]);
  if (changes.length === 0) return;
  const shown = changes.map((fact) => `${fact} was ${old[fact]} and is ${now[fact]}`).join('; ');
  throw new StudyError('changed', before.name, `${shown}: put it back, or start a study of another name`);
}

/** What has changed since the study was last open, as an event; undefined when nothing has. */
function amendment(
  { space, strategy, earlyStopping }: Projection,
  record: StudyRecord,
  wanted: Space,
  at: number,
): AmendEvent | undefined {
  const changes = wanted.changesSince(spaceFromJson(space));
  if (changes.some(({ compatible }) => !compatible)) throw new SpaceChangedError(record.name, changes);
  const sameSpace = JSON.stringify(space) === JSON.stringify(record.space);
  const sameStrategy = JSON.stringify(strategy) === JSON.stringify(record.strategy);
  const sameStopping = JSON.stringify(earlyStopping) === JSON.stringify(record.earlyStopping);
  if (sameSpace && sameStrategy && sameStopping) return undefined;
  return {
    type: 'amend',
    at,
    ...(sameSpace ? {} : { space: record.space }),
    ...(sameStrategy ? {} : { strategy: record.strategy }),
    ...(sameStopping ? {} : { earlyStopping: record.earlyStopping ?? null }),
  };
}

/** Creates a study, or gives the record of the one there is: several processes may do so at once. */
async function createOrRead(storage: Storage, record: StudyRecord): Promise<StudyRecord | undefined> {
  const existing = await storage.readStudy(record.name);
  if (existing !== undefined) return existing;
  try {
    await storage.createStudy(record);
    return undefined;
  } catch (error) {
    if (!(error instanceof StudyError) || error.code !== 'exists') throw error;
    return storage.readStudy(record.name);
  }
}

/** Imported when a name has to be looked up: a program that makes its strategies itself bundles no others. */
const builtIns = (): Promise<typeof pluginRegistry> => import('../plugin-registry.ts');

/** What a study stores of a plug-in. */
function stored({ name, options }: Plugin): Plugin {
  return { name, options };
}

/**
 * Creates a study, or with `resume` goes on with the one of that name. A study can be resumed with a wider space and
 * with another strategy; both are recorded.
 * @throws {StudyError} of code `exists` when there is one of that name and `resume` is not set; of code `changed` when
 * objectives, constraints or seed differ from the resumed study's; of code `options` when options make no study.
 * @throws {SpaceChangedError} when the space differs so that earlier configs would lose their meaning.
 * @throws {ObjectiveError} when an objective or constraint cannot be read.
 */
export function createStudy<
  Config extends ConfigObject,
  const Objective extends string,
  const Bound extends string = never,
>(options: StudyOptions<Config, Objective, Bound>): Promise<Study<Config, MetricOf<Objective> | MetricOf<Bound>>> {
  const { name, space, earlyStopping, seed = 0, resume = false } = options;
  const { now = Date.now, now: elapsed = elapsedClock } = options;
  const { duplicates = 'avoid', retries = 3, attributes } = options;
  const texts = { objectives: options.objectives, constraints: options.constraints ?? [] };
  return withStorage(options.storage ?? 'memory:', async (storage, ownsStorage) => {
    if (name === '') throw new StudyError('options', name, 'it has no name: give one');
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new StudyError('options', name, `its seed is ${quote(seed)}: give a whole number from 0`);
    }
    if (!Number.isSafeInteger(retries) || retries < 0) {
      throw new StudyError('options', name, `retries is ${quote(retries)}: give a whole number from 0`);
    }
    const criteria = criteriaOf(name, texts);
    const strategy = options.strategy ?? (await builtIns()).strategyNamed('auto');
    const record: StudyRecord = {
      name,
      seed,
      objectives: criteria.objectives.map(showObjective),
      constraints: criteria.constraints.map(showConstraint),
      space: space.toJSON(),
      strategy: stored(strategy),
      ...(earlyStopping === undefined ? {} : { earlyStopping: stored(earlyStopping) }),
      duplicates,
      retries,
      ...(attributes === undefined ? {} : { attributes }),
      createdAt: now(),
    };
    const problem = recordProblem(record);
    if (problem !== undefined) throw new StudyError('options', name.slice(0, longestName), `its record ${problem}`);
    const existing = resume ? await createOrRead(storage, record) : undefined;
    const events = existing === undefined ? [] : await storage.read(name, 0);
    if (!resume) await storage.createStudy(record);
    if (existing !== undefined) {
      checkSame(existing, record);
      const event = amendment(latest(existing, events), record, space, now());
      if (event !== undefined) await storage.append(name, [event]);
    }
    const plugins = { strategy, earlyStopping };
    const setup = {
      record: existing ?? record,
      space,
      criteria,
      ...plugins,
      storage,
      ownsStorage,
      now,
      elapsed,
      events,
    };
    const study = new Study<Config, MetricOf<Objective> | MetricOf<Bound>>(setup);
    await study.sync();
    return study;
  });
}

/**
 * Opens a study from its storage alone: space, objectives, seed and strategy are those it has.
 * @throws {StudyError} of code `missing` when there is no such study, or no name was given and there are several.
 */
export function openStudy(options: OpenStudyOptions): Promise<Study> {
  const { now = Date.now, now: elapsed = elapsedClock } = options;
  return withStorage(options.storage, async (storage, ownsStorage) => {
    const names = await storage.listStudies();
    const name = options.name ?? names[0] ?? '';
    const record = options.name === undefined && names.length > 1 ? undefined : await storage.readStudy(name);
    if (record === undefined) {
      const known = names.map((one) => `'${one}'`).join(', ') || 'no study';
      throw new StudyError(
        'missing',
        options.name ?? '',
        `${shownUrl(storage.url)} holds ${known}: give the name of one`,
      );
    }
    const events = await storage.read(name, 0);
    const projection = latest(record, events);
    const space = spaceFromJson(projection.space);
    const strategy = options.strategy ?? (await builtIns()).restoreStrategy(name, projection.strategy);
    const known = projection.earlyStopping;
    const earlyStopping = options.earlyStopping ?? (known && (await builtIns()).restoreEarlyStopping(name, known));
    const { earlyStopping: _, ...fixed } = record;
    const wanted = {
      ...fixed,
      space: projection.space,
      strategy: stored(strategy),
      ...(earlyStopping === undefined ? {} : { earlyStopping: stored(earlyStopping) }),
    };
    const event = amendment(projection, wanted, space, now());
    if (event !== undefined) await storage.append(name, [event]);
    const criteria = criteriaOf(name, record);
    const study = new Study({
      record,
      space,
      criteria,
      strategy,
      earlyStopping,
      storage,
      ownsStorage,
      now,
      elapsed,
      events,
    });
    await study.sync();
    return study;
  });
}

/** Takes over a study that Optuna kept. */
import {
  choice,
  createStudy,
  FormatError,
  space,
  StorageError,
  type ClaimedEvent,
  type ClaimToken,
  type ConfigObject,
  type Fields,
  type Parameter,
  type Storage,
  type Strategy,
  type Study,
} from '@espalier/search';
import { joined } from './distribution.ts';
import { readOptuna, type OptunaTrial } from './read.ts';

/** What to import, and where to. */
export interface ImportOptunaOptions {
  /** The study of the file; may be left out when it holds one only. */
  readonly from?: string;
  /** Where the study is created: a storage or its URL. */
  readonly storage: string | Storage;
  /** Its name there. Default: the one it has. */
  readonly name?: string;
  /** The strategy to go on with. Default: that of `createStudy`. */
  readonly strategy?: Strategy;
}

/** Every parameter of the trials, wide enough for all of their values. */
function parametersOf(file: string, trials: readonly OptunaTrial[]): ReadonlyMap<string, Parameter> {
  const found = new Map<string, Parameter>();
  for (const [name, parameter] of trials.flatMap(({ parameters }) => [...parameters])) {
    const known = found.get(name);
    const both = known === undefined ? parameter : joined(known, parameter);
    if (both === undefined) {
      throw new FormatError(file, 0, `parameter '${name}' changes its kind between trials: rename one of the two`);
    }
    found.set(name, both);
  }
  return found;
}

/** A parameter that some trials lack, as a choice whether to have it. */
const optional = (parameter: Parameter): Fields[string] => choice({ set: { value: parameter }, unset: {} });

function eventsOf(
  { state, began, ended, reports, metrics }: OptunaTrial,
  token: ClaimToken,
  config: ConfigObject,
): readonly ClaimedEvent[] {
  const end = { ...token, at: ended };
  const finite = Object.values(metrics).every(Number.isFinite);
  const endings: Readonly<Record<string, ClaimedEvent>> = {
    COMPLETE: finite
      ? { type: 'finish', ...end, state: 'complete', metrics }
      : { type: 'finish', ...end, state: 'failed', metrics, failure: { kind: 'nan', message: 'as imported' } },
    PRUNED: { type: 'finish', ...end, state: 'pruned', metrics: {} },
    FAIL: { type: 'finish', ...end, state: 'failed', metrics: {}, failure: { kind: 'crash', message: 'as imported' } },
  };
  return [
    { type: 'start', ...token, at: began, config, origin: { operator: 'imported' }, basis: 0 },
    ...reports.map((report): ClaimedEvent => ({ type: 'report', ...end, ...report })),
    endings[state] ?? { type: 'release', ...end, reason: 'imported unfinished' },
  ];
}

/** Stores the trials of a study that has none. */
async function store(
  { name, storage }: Study,
  trials: readonly OptunaTrial[],
  configOf: (trial: OptunaTrial) => ConfigObject,
): Promise<void> {
  // All are claimed first: one that is given back would be the next to be claimed.
  const claimed: { readonly trial: OptunaTrial; readonly token: ClaimToken }[] = [];
  for (const trial of trials) {
    const { number, attempt } = await storage.claim(name, { worker: 'optuna', at: trial.began });
    claimed.push({ trial, token: { number, attempt } });
  }
  for (const { trial, token } of claimed) await storage.append(name, eventsOf(trial, token, configOf(trial)));
}

/**
 * Creates a study from one that Optuna keeps in an SQLite database, with its trials, so that it can be looked at and
 * gone on with. A parameter that some trials lack becomes a choice of `set` and `unset`. Values are told as `value`, or
 * `value-0`, `value-1` … where there are several objectives. Trials that never drew a parameter are left out.
 *
 * ```ts
 * const study = await importOptuna('optuna.db', { storage: 'sqlite:studies.db' });
 * ```
 * @throws {StorageError} when the file is no such database, or holds several studies and none is named, or what is read
 * cannot be stored.
 * @throws {FormatError} when a parameter cannot be one of a space.
 */
export async function importOptuna(path: string, options: ImportOptunaOptions): Promise<Study> {
  const found = await readOptuna(path, options.from);
  const { storage, name = found.name, strategy } = options;
  const trials = found.trials.filter(({ values }) => values.size > 0);
  const fields = [...parametersOf(path, trials)].map(([parameterName, parameter]) => ({
    name: parameterName,
    parameter,
    always: trials.every(({ values }) => values.has(parameterName)),
  }));
  const configOf = ({ values }: OptunaTrial): ConfigObject =>
    Object.fromEntries(
      fields.map(({ name: field, always }) => {
        const value = values.get(field) ?? null;
        if (always) return [field, value];
        return [field, values.has(field) ? { type: 'set', value } : { type: 'unset' }];
      }),
    );
  const study = await createStudy<ConfigObject, string>({
    name,
    storage,
    space: space(
      Object.fromEntries(
        fields.map(({ name: field, parameter, always }) => [field, always ? parameter : optional(parameter)]),
      ),
    ),
    objectives: found.objectives,
    attributes: { importedFrom: 'optuna' },
    ...(strategy === undefined ? {} : { strategy }),
  });
  try {
    await store(study, trials, configOf);
    await study.sync();
    return study;
  } catch (cause) {
    await study.close().catch(() => undefined);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError(
      cause instanceof StorageError ? cause.url : `sqlite:${path}`,
      `the import of study '${name}' was cut short (${reason}): import it again by another name, for part of it is stored`,
      { cause },
    );
  }
}

/** Command lines that go on with a study, for messages: none of them shows a password. */
import { shownUrl, type Study } from '@espalier/search';
import { pluginFlags } from '../cli/plugin.ts';
import { shellCommand } from '../cli/shell.ts';
import { storageVariable } from './storage.ts';
import { stopsOf, type StopOptions } from './stops.ts';
import { trustFlags, type Trust } from './trust.ts';

/** The options of a run that the command to go on repeats. */
export interface RunSettings extends StopOptions {
  readonly storage: string;
  /** What was trusted of the code that the storage names. */
  readonly trust?: Trust;
  readonly workers?: number | undefined;
  readonly processes?: number | undefined;
  /** The file that says what the trials do, where that is not the one which the study names. */
  readonly source?: string | undefined;
  /** The plugins that were loaded. Default: none. */
  readonly plugins?: readonly string[];
}

/** The storage as it stands in a command: without its password, and not at all where the environment names it. */
export function storageFlags(storage: string): readonly string[] {
  return storage === process.env[storageVariable] ? [] : ['--storage', shownUrl(storage)];
}

/** Some options as they are written on a command line. */
export function flags({
  workers,
  processes,
  plugins = [],
  ...stops
}: Omit<RunSettings, 'storage' | 'trust'>): readonly string[] {
  const given = Object.entries({ ...stopsOf(stops), workers, processes }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  return [...given, ...pluginFlags(plugins)];
}

/** The command that goes on with a study. */
export function resumeCommand(study: string, { storage, source, trust, ...rest }: RunSettings): string {
  const file = source === undefined ? [] : [source];
  const where = storageFlags(storage);
  return shellCommand(['study', 'resume', study, ...file, ...where, ...flags(rest), ...trustFlags(trust)]);
}

/** The command that goes on with a study which has ended: with as many trials again, since it would end at once. */
export function moreCommand(study: Study, settings: RunSettings): string {
  const { storage, source, trust, workers, processes, plugins = [] } = settings;
  const trials = 2 * Math.max(1, study.trials.length);
  return resumeCommand(study.name, { storage, source, trust, workers, processes, plugins, trials });
}

/** The command that takes trials of a study again. */
export function workerCommand(study: string, { storage, source, trust, ...rest }: RunSettings): string {
  const file = source === undefined ? [] : ['--source', source];
  const where = storageFlags(storage);
  return shellCommand(['worker', ...where, '--study', study, ...file, ...flags(rest), ...trustFlags(trust)]);
}

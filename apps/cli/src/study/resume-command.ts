import type { Study } from '@espalier/search';
import { shellCommand } from '../cli/shell.ts';
import { stopsOf } from './stops.ts';
import type { StopOptions } from './stops.ts';

/** The options of a run that the command to go on repeats. */
export interface RunSettings extends StopOptions {
  readonly storage: string;
  readonly workers?: number | undefined;
  readonly processes?: number | undefined;
  /** The file that says what the trials do, where that is not the one which the study names. */
  readonly source?: string | undefined;
}

/** Some options as they are written on a command line. */
export function flags({ workers, processes, ...stops }: Omit<RunSettings, 'storage'>): readonly string[] {
  return Object.entries({ ...stopsOf(stops), workers, processes }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
}

/** The command that goes on with a study. */
export function resumeCommand(study: string, { storage, source, ...rest }: RunSettings): string {
  const file = source === undefined ? [] : [source];
  return shellCommand(['study', 'resume', study, ...file, '--storage', storage, ...flags(rest)]);
}

/** The command that goes on with a study which has ended: with as many trials again, since it would end at once. */
export function moreCommand(study: Study, { storage, source, workers, processes }: RunSettings): string {
  const trials = 2 * Math.max(1, study.trials.length);
  return resumeCommand(study.name, { storage, source, workers, processes, trials });
}

/** The command that takes trials of a study again. */
export function workerCommand(study: string, { storage, source, ...rest }: RunSettings): string {
  const file = source === undefined ? [] : ['--source', source];
  return shellCommand(['worker', '--storage', storage, '--study', study, ...file, ...flags(rest)]);
}

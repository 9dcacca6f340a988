import { chooseStrategy } from '@espalier/search';
import type { JsonObject, Study } from '@espalier/search';
import { stringify } from 'yaml';
import type { Session } from '../cli/session.ts';
import { FailedError, InterruptedError } from '../errors.ts';
import { formatDuration } from '../terminal/format.ts';
import { stopsFor } from './open.ts';
import { runProcesses } from './processes.ts';
import { formatValue } from './render-status.ts';
import { statusOf } from './status.ts';
import type { StudyStatus } from './status.ts';
import { stopConditions } from './stops.ts';
import type { StopOptions } from './stops.ts';
import type { Task } from './task.ts';
import { watchStudy } from './watch.ts';

/** Options of the commands that run a study. */
export interface ConductOptions extends StopOptions {
  readonly storage: string;
  readonly quiet?: boolean;
  /** Trials at once in this process. */
  readonly workers?: number;
  /** Worker processes beside this one; none: this process tries the trials. */
  readonly processes?: number;
}

/** Milliseconds for which a worker's claim holds unless it is renewed. */
const lease = 30_000;

/** The command that goes on with a study. */
export function resumeCommand(study: string, storage: string): string {
  return `espalier study resume ${study} --storage ${storage}`;
}

/** Says something that is no event of the study: to a reader, or where nobody looks on as a line of JSON. */
function note(session: Session, quiet: boolean, text: string, event: JsonObject): void {
  if (session.stderr.isTTY === true) session.log(text);
  else if (!quiet) session.stderr.write(`${JSON.stringify(event)}\n`);
}

/** What a run of a study came to. */
export interface Conducted {
  readonly stopped: string;
  readonly status: StudyStatus;
}

/** Tries trials in this process until the study is to end. */
export async function workOn(session: Session, study: Study, task: Task, options: ConductOptions): Promise<string> {
  const { workers = 1 } = options;
  const stop = stopConditions(stopsFor(study, options));
  session.interrupt.onInsist(() => study.releaseAll('the user insisted'));
  const { stopped } = await task.withObjective(session, (objective) =>
    study.run(objective, { stop, workers, lease, signal: session.interrupt }),
  );
  return `${stopped.by}: ${stopped.message}`;
}

/**
 * Runs a study to its end, here or in worker processes, showing how it goes.
 * @throws InterruptedError when the user stops it: trials in hand are finished first.
 * @throws FailedError when no trial worked.
 */
export async function conduct(session: Session, study: Study, task: Task, options: ConductOptions): Promise<Conducted> {
  const { storage, quiet = false, processes = 0 } = options;
  const stops = stopConditions(stopsFor(study, options));
  const began = study.now();
  const resume = resumeCommand(study.name, storage);
  session.interrupt.onAbort(() => {
    const message = 'finishing the trials in hand; press Ctrl-C again to give them back';
    note(session, quiet, message, { study: study.name, type: 'interrupted', message });
  });
  if (study.strategy.name === 'auto') {
    const { trials = null } = stopsFor(study, options);
    const { name, why } = chooseStrategy(study.space, study.criteria, trials);
    note(session, quiet, `auto takes ${name}: ${why}`, { study: study.name, type: 'chosen', strategy: name, why });
  }
  const watch = watchStudy(session, study, stops, quiet);
  let stopped = '';
  try {
    if (processes === 0) stopped = await workOn(session, study, task, options);
    else {
      const own = Object.entries(stopsFor(study, options)).flatMap(([name, value]) => [`--${name}`, String(value)]);
      const workers = options.workers === undefined ? [] : ['--workers', String(options.workers)];
      await runProcesses(session, processes, ['--storage', storage, '--study', study.name, ...own, ...workers]);
      await study.sync();
      const state = { history: study.history, space: study.space, elapsed: (study.now() - began) / 1000 };
      const fired = stops.map((each) => ({ name: each.name, ...each.check(state) })).find((verdict) => verdict.fired);
      stopped = fired === undefined ? 'the workers ended' : `${fired.name}: ${fired.message}`;
    }
  } finally {
    await watch.end();
  }
  const status = statusOf(study, stops, began);
  const seconds = (study.now() - began) / 1000;
  const by = session.interrupt.aborted ? 'interrupted' : `stopped by ${stopped}`;
  const text = `${by} after ${formatDuration(seconds)}\nto go on: ${resume}`;
  note(session, quiet, text, { study: study.name, type: 'stopped', by, seconds, resume });
  if (session.interrupt.aborted) throw new InterruptedError(resume);
  if (status.counts.complete + status.counts.paused === 0) {
    const first = study.trials.find(({ failure }) => failure !== undefined)?.failure;
    throw new FailedError(
      `no trial worked${first === undefined ? '' : `; the first failed by ${first.kind}: ${first.message}`}`,
    );
  }
  return { stopped, status };
}

/** Prints what a run came to. */
export function reportRun(session: Session, { stopped, status }: Conducted): void {
  const { best, front = [] } = status;
  session.result({ stopped, ...status }, () =>
    best === undefined
      ? `the front: trials ${front.join(', ')}`
      : `the best: trial ${best.number}, ${formatValue(best.value)}\n${stringify(best.config).trimEnd()}`,
  );
}

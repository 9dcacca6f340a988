/** Runs a study from the command line: here or in worker processes, watched, and with a word on how to go on. */
import { chooseStrategy, type Study } from '@espalier/search';
import type { Session } from '../cli/session.ts';
import { pluginFlags } from '../cli/plugin.ts';
import { shellCommand } from '../cli/shell.ts';
import { FailedError, InterruptedError, firstLine } from '../errors.ts';
import { formatSpan } from '../terminal/format.ts';
import { visible } from '../terminal/visible.ts';
import { withConsole } from './console.ts';
import { renderBest } from './describe-trial.ts';
import { stopsFor } from './open.ts';
import { runProcesses } from './processes.ts';
import { flags, moreCommand, resumeCommand, storageFlags, workerCommand, type RunSettings } from './resume-command.ts';
import { startOf, statusOf, type StudyStatus } from './status.ts';
import { checkTarget, stopConditions, stopsOf } from './stops.ts';
import { memoryUrl } from './storage.ts';
import { fileOf, type Task } from './task.ts';
import { trustFlags } from './trust.ts';
import { watchStudy, type Watch } from './watch.ts';

/** Options of the commands that run a study: how many trials at once, and in how many processes beside this one. */
export interface ConductOptions extends RunSettings {
  readonly quiet?: boolean;
  /** Whether others work on the study too, and this process is one of them. */
  readonly joins?: boolean;
}

const nothingKept = 'nothing is kept of a study in memory: to go on with one, give --storage sqlite:FILE';

/** Milliseconds for which a worker's claim holds unless it is renewed. */
const lease = 30_000;

/** What a run of a study came to. */
interface Conducted {
  readonly stopped: string;
  readonly status: StudyStatus;
}

/** Tries trials in this process until the study is to end. */
async function workHere(session: Session, study: Study, task: Task, options: ConductOptions, watch: Watch) {
  const { workers = 1, quiet = false, joins = false } = options;
  const stop = stopConditions(stopsFor(study, options));
  session.interrupt.onInsist(() => study.releaseAll('the user insisted'));
  const print = (text: string): void => {
    if (quiet) session.stderr.write(`${visible(text)}\n`);
    else watch.say(text, { type: 'output', text });
  };
  const name = joins ? `process ${process.pid}, worker` : 'worker';
  const { stopped } = await task.withObjective(session, (objective) =>
    withConsole(print, () => study.run(objective, { stop, workers, name, lease, signal: session.interrupt })),
  );
  return `${stopped.by}: ${stopped.message}`;
}

/** Has worker processes try trials until the study is to end. */
async function workElsewhere(session: Session, study: Study, task: Task, options: ConductOptions): Promise<string> {
  const { storage, trust, workers, processes = 1 } = options;
  const stops = stopConditions(stopsFor(study, options));
  const start = startOf(study, stops);
  // What this process may run, its children may: by name, or else as it was allowed to take it from the storage.
  const source = options.source ?? (trust === undefined ? fileOf(task) : undefined);
  const file = source === undefined ? [] : ['--source', source];
  const repeated = [...flags({ ...stopsFor(study, options), workers, plugins: session.plugins }), ...trustFlags(trust)];
  await runProcesses(session, processes, storage, ['--study', study.name, ...file, ...repeated]);
  await study.sync();
  const state = { history: study.history, space: study.space, elapsed: (study.now() - start.at) / 1000 };
  const fired = stops.map((each) => ({ name: each.name, ...each.check(state) })).find((verdict) => verdict.fired);
  return fired === undefined ? 'the workers ended' : `${fired.name}: ${fired.message}`;
}

/** Says what is worth knowing before the first trial. */
function sayBefore(study: Study, task: Task, options: ConductOptions, watch: Watch): void {
  const stops = stopsFor(study, options);
  const { trials = null } = stops;
  if (study.strategy.name === 'auto') {
    const { name, why } = chooseStrategy(study.space, study.criteria, trials);
    watch.say(`auto takes ${name}: ${why}`, { type: 'chosen', strategy: name, why });
  }
  const message = (text: string): void => watch.say(text, { type: 'note', message: text });
  if (Object.keys(stops).length === 0) message('no stop condition was given: it runs until Ctrl-C');
  if (JSON.stringify(task.space) !== JSON.stringify(study.space))
    message('the space has changed since the study was created, which keeps its own: create another to search the new');
}

/**
 * Runs a study to its end, here or in worker processes, showing how it goes.
 * @throws {InterruptedError} when the user stops it: trials in hand are finished first.
 */
export async function conduct(session: Session, study: Study, task: Task, options: ConductOptions): Promise<Conducted> {
  const { stderr, interrupt, plugins } = session;
  const { quiet = false, joins = false, processes = 0 } = options;
  const { objectives, constraints } = study.criteria;
  const told = study.trials.flatMap(({ metrics }) => Object.keys(metrics));
  checkTarget(stopsOf(options), [...objectives, ...constraints].map(({ metric }) => metric).concat(told));
  const stops = stopConditions(stopsFor(study, options));
  const start = startOf(study, stops);
  // Stop conditions that the study keeps need not be said again.
  const kept = JSON.stringify(stopsOf(options)) === JSON.stringify(study.attributes['stop']);
  const { storage, source, trust, workers } = options;
  const settings = {
    storage,
    source,
    trust,
    workers,
    processes: options.processes,
    plugins,
    ...(kept ? {} : stopsOf(options)),
  };
  // What is gone with this process can be gone on with by no command.
  const isKept = storage !== memoryUrl;
  const resume = joins ? workerCommand(study.name, settings) : resumeCommand(study.name, settings);
  const again = isKept ? resume : undefined;
  interrupt.goOn = again;
  const watch = watchStudy(study, stops, { stream: stderr, quiet, events: !joins });
  interrupt.onAbort(() => {
    const message = 'finishing the trials in hand; press Ctrl-C again to give them back';
    watch.say(message, { type: 'interrupted', message });
  });
  sayBefore(study, task, options, watch);
  const ended = async (by: string, goOn: string | undefined): Promise<void> => {
    await watch.end();
    const seconds = (study.now() - start.at) / 1000;
    // To a reader, an interruption says how to go on itself.
    const how = interrupt.aborted ? '' : `\nto go on: ${goOn}`;
    const next = goOn === undefined ? `\n${nothingKept}` : how;
    const resumed = goOn === undefined ? { note: nothingKept } : { resume: goOn };
    watch.say(`${by} after ${formatSpan(seconds)}${next}`, { type: 'stopped', by, seconds, ...resumed });
  };
  let stopped: string;
  try {
    stopped = await (processes === 0
      ? workHere(session, study, task, options, watch)
      : workElsewhere(session, study, task, options));
  } catch (error) {
    await ended('ended by an error', again);
    throw error;
  }
  if (interrupt.aborted) {
    await ended('interrupted', again);
    throw new InterruptedError(again);
  }
  const more = joins ? again : moreCommand(study, settings);
  await ended(`stopped by ${stopped}`, isKept ? more : undefined);
  return { stopped, status: statusOf(study, stops, start) };
}

/**
 * Prints what a run came to.
 * @throws {FailedError} when no trial worked.
 */
export function reportRun(session: Session, study: Study, storage: string, { stopped, status }: Conducted): void {
  const { counts, lastFailure } = status;
  if (lastFailure !== undefined && counts.complete + counts.paused + counts.pruned === 0) {
    const { number, kind, message } = lastFailure;
    const retry = shellCommand([
      'study',
      'retry',
      study.name,
      ...storageFlags(storage),
      ...pluginFlags(session.plugins),
    ]);
    throw new FailedError(
      `no trial of '${study.name}' worked; trial ${number} failed by ${kind}: ${firstLine(message)}: mend that, then ${storage === memoryUrl ? 'run it again' : retry}`,
    );
  }
  session.result({ stopped, ...status }, () => renderBest(study, session.stdout));
}

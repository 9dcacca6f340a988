import { setTimeout } from 'node:timers/promises';
import { openStudy } from '@espalier/search';
import { startScript, type ScriptProcess } from './processes.ts';
import { flaws, sharedStudy } from './shared-study.ts';

/** How workers are harassed. */
export interface SiegeOptions {
  readonly processes: number;
  /** How long, in seconds. */
  readonly seconds: number;
  /** Milliseconds between two kills. */
  readonly killEvery: number;
  /** Milliseconds of a claim; 0 for claims without a lease. */
  readonly lease: number;
}

/** What came of it. */
export interface SiegeResult {
  readonly finished: number;
  readonly killed: number;
  /** How often a process was stopped until its lease had run out, and let go on. */
  readonly suspended: number;
  readonly restarts: number;
  /** How often a trial was taken from a worker that had vanished. */
  readonly retried: number;
  /** How many workers were told that another had taken their trial over. */
  readonly refused: number;
  readonly flaws: readonly string[];
}

/**
 * Has processes run one study while they are killed, each replaced by another, suspended beyond their lease, or lose
 * their server; then lets them finish what was begun, and looks at what is stored.
 */
export async function siege(
  { url, restart }: { readonly url: string; readonly restart?: () => Promise<void> },
  { processes, seconds, killEvery, lease }: SiegeOptions,
): Promise<SiegeResult> {
  const endless = 1_000_000;
  const all: ScriptProcess[] = [];
  const start = (trials: number): ScriptProcess => {
    const worker = startScript('run-worker.ts', [url, String(trials), String(lease)]);
    all.push(worker);
    return worker;
  };
  const workers = Array.from({ length: processes }, () => start(endless));
  await Promise.all(workers.map((worker) => worker.says('ready')));
  const counts = { killed: 0, suspended: 0, restarts: 0 };
  const suspended = new Set<number>();
  /** The place of a worker that runs, picked at random. */
  const pick = (): number => {
    const running = workers.flatMap(({ pid }, index) => (suspended.has(pid) ? [] : index));
    return running[Math.floor(Math.random() * running.length)] ?? 0;
  };
  const began = performance.now();
  for (let turn = 1; turn * killEvery <= seconds * 1000; turn += 1) {
    await setTimeout(Math.max(0, began + turn * killEvery - performance.now()));
    const index = pick();
    workers[index]?.signal('SIGKILL');
    counts.killed += 1;
    workers[index] = start(endless);
    const sleeper = workers[pick()];
    if (lease > 0 && turn % 3 === 0 && sleeper !== undefined) {
      sleeper.signal('SIGSTOP');
      suspended.add(sleeper.pid);
      counts.suspended += 1;
      void setTimeout(lease * 1.5).then(() => {
        suspended.delete(sleeper.pid);
        sleeper.signal('SIGCONT');
      });
    }
    if (restart !== undefined && turn % 5 === 0) {
      await restart();
      counts.restarts += 1;
    }
  }
  // Whoever is suspended goes on to learn what became of its trial.
  await setTimeout(lease * 2);
  for (const worker of workers) {
    if (worker.lines.length > 0) worker.signal('SIGKILL');
    else void worker.says('ready').then(() => worker.signal('SIGKILL'));
  }
  await Promise.all(all.map(({ ended }) => ended));
  const study = await openStudy({ storage: url, name: sharedStudy(url).name });
  // The last workers' claims have to run out before their trials can be finished.
  await setTimeout(lease);
  // Numbers claimed and never given a config are no trials yet, but have to be used all the same.
  const unfinished = flaws(await study.storage.read(study.name, 0)).length;
  for (let index = 0; index < unfinished; index += 1) {
    await study.tell(await study.ask({ worker: 'the last' }), { loss: 0 });
  }
  const events = await study.storage.read(study.name, 0);
  const finished = study.trials.length;
  await study.close();
  const lines = all.flatMap((worker) => worker.lines);
  return {
    finished,
    ...counts,
    retried: events.filter(({ event }) => event.type === 'release' && event.lost === true).length,
    refused: lines.filter((line) => line.startsWith('lost ')).length,
    flaws: [
      ...unkept(lines, new Set(events.flatMap(({ event }) => (event.type === 'finish' ? event.number : [])))),
      ...flaws(events),
    ],
  };
}

/** Results that a worker was told are stored, and are not. */
function unkept(lines: readonly string[], finished: ReadonlySet<number>): readonly string[] {
  const told = lines.flatMap((line) => (line.startsWith('told ') ? Number(line.slice('told '.length)) : []));
  const twice = told
    .filter((number, index) => told.indexOf(number) !== index)
    .map((number) => `${number} was told twice`);
  return [...twice, ...told.filter((number) => !finished.has(number)).map((number) => `${number} was lost`)];
}

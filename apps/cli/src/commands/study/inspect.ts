/** `espalier study list`, `status`, `best`, `trials` and `watch`: looks at studies, also while others work on them. */
import { Option, type Command } from 'commander';
import { shownUrl, type TrialState } from '@espalier/search';
import { wholeNumberFrom, withExamples } from '../../cli/options.ts';
import { openSession, type Environment } from '../../cli/session.ts';
import { InterruptedError } from '../../errors.ts';
import { renderBest, renderTrials } from '../../study/describe-trial.ts';
import { renderStatus } from '../../study/render-status.ts';
import { startOf, statusOf } from '../../study/status.ts';
import { lastingStops } from '../../study/stops.ts';
import { lookAtStudy, studyNames, withStorageOptions, type StorageOptions } from '../../study/storage.ts';
import { watchStudy } from '../../study/watch.ts';
import { visibleLine } from '../../terminal/visible.ts';

/** What the argument of a study's name says. */
export const only = 'may be left out when there is one only';

/** Adds the commands that look at a study. */
export function addInspectCommands(group: Command, environment: Environment): void {
  const list = withStorageOptions(group.command('list').description('the studies of a storage'));
  withExamples(list, [['espalier study list --storage sqlite:runs/studies.db', 'a name a line']]).action(
    async (options: StorageOptions) => {
      const session = openSession(environment, options);
      const names = await studyNames(options.storage);
      session.result(names, () => names.map(visibleLine).join('\n') || `${shownUrl(options.storage)} holds no study`);
    },
  );

  const status = withStorageOptions(group.command('status').description('how a study stands').argument('[name]', only));
  withExamples(status, [
    ['espalier study status digits', 'once; espalier study watch digits goes on looking'],
    ['espalier study status digits --json', 'for programs'],
  ]).action(async (name: string | undefined, options: StorageOptions) => {
    const session = openSession(environment, options);
    await using study = await lookAtStudy(name, options.storage);
    const stops = lastingStops(study);
    const found = statusOf(study, stops, startOf(study, stops));
    session.result(found, () => renderStatus(found, session.stdout).join('\n'));
  });

  const best = withStorageOptions(
    group.command('best').description('the best trial, or the Pareto front').argument('[name]', only),
  );
  withExamples(best, [
    ['espalier study best digits', 'its result and its config'],
    ['espalier study best digits --json', 'with every digit, and how it was found'],
  ]).action(async (name: string | undefined, options: StorageOptions) => {
    const session = openSession(environment, options);
    await using study = await lookAtStudy(name, options.storage);
    session.result(study.front, () => renderBest(study, session.stdout));
  });

  const states: readonly TrialState[] = ['waiting', 'running', 'paused', 'complete', 'pruned', 'failed'];
  const trials = group
    .command('trials')
    .description('the trials of a study')
    .argument('[name]', only)
    .addOption(new Option('--state <state>', 'only those').choices(states))
    .option('--last <n>', 'only the last so many', wholeNumberFrom(1));
  withExamples(withStorageOptions(trials), [
    ['espalier study trials digits --last 20', 'the newest'],
    ['espalier study trials digits --state failed', 'and why they failed'],
  ]).action(
    async (
      name: string | undefined,
      options: StorageOptions & { readonly state?: TrialState; readonly last?: number },
    ) => {
      const session = openSession(environment, options);
      await using study = await lookAtStudy(name, options.storage);
      const { state, last = Infinity } = options;
      const chosen = study.trials.filter((trial) => state === undefined || trial.state === state);
      const shown = chosen.slice(Math.max(0, chosen.length - last));
      session.result(shown, () =>
        shown.length === 0
          ? `'${study.name}' has no ${state === undefined ? '' : `${state} `}trial`
          : renderTrials(study, shown, session.stdout),
      );
    },
  );

  const watch = withStorageOptions(
    group.command('watch').description('watch a study while others work on it').argument('[name]', only),
  );
  withExamples(watch, [
    ['espalier study watch digits', 'until it ends, or Ctrl-C'],
    ['espalier study watch digits --json | jq .type', 'its events as they happen, a line of JSON each'],
  ]).action(async (name: string | undefined, { storage, json = false }: StorageOptions) => {
    await using study = await lookAtStudy(name, storage);
    const { stdout, interrupt } = environment;
    await new Promise<void>((resolve) => {
      const stops = lastingStops(study);
      const view = watchStudy(study, stops, {
        stream: stdout,
        json,
        onLook: ({ nearest, counts }) => {
          if (nearest?.fired === true && counts.running === 0) end();
        },
      });
      let ending = false;
      const end = (): void => {
        if (ending) return;
        ending = true;
        // After the look that is under way, which `end` waits for.
        setImmediate(() => void view.end().then(resolve));
      };
      interrupt.onAbort(end);
    });
    if (interrupt.aborted) throw new InterruptedError();
  });
}

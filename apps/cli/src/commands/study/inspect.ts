import type { Command } from 'commander';
import { importance, openStorage, openStudy } from '@espalier/search';
import type { Study, TrialRecord, TrialState } from '@espalier/search';
import { Option } from 'commander';
import { numberBetween, wholeNumberFrom, withExamples } from '../../cli/options.ts';
import { openSession } from '../../cli/session.ts';
import type { Environment, Session } from '../../cli/session.ts';
import { stopsFor, withStorageOptions } from '../../study/open.ts';
import type { StorageOptions } from '../../study/open.ts';
import { formatValue, renderStatus, sparkline } from '../../study/render-status.ts';
import { statusOf } from '../../study/status.ts';
import type { StudyStatus } from '../../study/status.ts';
import { stopConditions } from '../../study/stops.ts';
import { watchStudy } from '../../study/watch.ts';
import { formatDuration, formatPercent } from '../../terminal/format.ts';
import { renderTable } from '../../terminal/table.ts';

const only = 'may be left out when there is one only';

/** Opens a study to look at it. */
async function withStudy<Result>(
  name: string | undefined,
  { storage }: StorageOptions,
  use: (study: Study) => Promise<Result> | Result,
): Promise<Result> {
  await using study = await openStudy({ storage, ...(name === undefined ? {} : { name }) });
  return await use(study);
}

function metricsOf({ metrics }: TrialRecord): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${formatValue(value)}`)
    .join(', ');
}

/** A config as one line: parameters by path. */
function configOf(study: Study, { config }: TrialRecord): string {
  return [...study.space.flatten(config)]
    .map(([path, { value }]) => `${path}=${typeof value === 'number' ? formatValue(value) : String(value)}`)
    .join(' ');
}

const columns = [
  { heading: 'trial', align: 'right' },
  { heading: 'state' },
  { heading: 'result' },
  { heading: 'time', align: 'right' },
  { heading: 'how' },
  { heading: 'config' },
] as const;

function trialsTable(session: Session, study: Study, trials: readonly TrialRecord[]): string {
  const rows = trials.map((trial) => [
    String(trial.number),
    trial.failure === undefined ? trial.state : `failed (${trial.failure.kind})`,
    metricsOf(trial),
    formatDuration(trial.spent / 1000),
    trial.origin.operator,
    configOf(study, trial),
  ]);
  return renderTable(columns, rows, session.stdout);
}

/** Adds the commands that look at studies. */
export function addInspectCommands(group: Command, environment: Environment): void {
  const list = withStorageOptions(group.command('list').description('the studies of a storage'));
  list.action(async (options: StorageOptions) => {
    const session = openSession(environment, options);
    const storage = await openStorage(options.storage);
    try {
      const names = await storage.listStudies();
      session.result(names, () => names.join('\n') || `${options.storage} holds no study`);
    } finally {
      await storage.close();
    }
  });

  const status = withStorageOptions(group.command('status').description('how a study stands').argument('[name]', only));
  status.action(async (name: string | undefined, options: StorageOptions) => {
    const session = openSession(environment, options);
    await withStudy(name, options, (study) => {
      const found = statusOf(study, stopConditions(stopsFor(study, {})), study.now());
      session.result(found, () => renderStatus(found, session.stdout).join('\n'));
    });
  });

  const best = withStorageOptions(
    group.command('best').description('the best trial, or the Pareto front').argument('[name]', only),
  );
  best.action(async (name: string | undefined, options: StorageOptions) => {
    const session = openSession(environment, options);
    await withStudy(name, options, (study) => {
      session.result(study.front, () =>
        study.front.length === 0 ? 'no trial is complete and feasible yet' : trialsTable(session, study, study.front),
      );
    });
  });

  const states: readonly TrialState[] = ['waiting', 'running', 'paused', 'complete', 'pruned', 'failed'];
  const trials = group
    .command('trials')
    .description('the trials of a study')
    .argument('[name]', only)
    .addOption(new Option('--state <state>', 'only those').choices(states))
    .option('--last <n>', 'only the last so many', wholeNumberFrom(1));
  withStorageOptions(trials).action(
    async (
      name: string | undefined,
      options: StorageOptions & { readonly state?: TrialState; readonly last?: number },
    ) => {
      const session = openSession(environment, options);
      await withStudy(name, options, (study) => {
        const { state, last = Infinity } = options;
        const chosen = study.trials.filter((trial) => state === undefined || trial.state === state);
        const shown = chosen.slice(Math.max(0, chosen.length - last));
        session.result(shown, () => trialsTable(session, study, shown));
      });
    },
  );

  const compare = group.command('compare').description('studies of one storage side by side').argument('<names...>');
  withExamples(withStorageOptions(compare), [
    ['espalier study compare genetic random', 'who found more, and how soon'],
  ]).action(async (names: readonly string[], options: StorageOptions) => {
    const session = openSession(environment, options);
    const found: (StudyStatus & { readonly after: number })[] = [];
    for (const name of names) {
      const each = await withStudy(name, options, (study) => statusOf(study, [], study.now()));
      const first = each.best === undefined ? -1 : each.history.indexOf(each.best.value);
      found.push({ ...each, after: first + 1 });
    }
    session.result(found, () =>
      renderTable(
        [
          { heading: 'study' },
          { heading: 'strategy' },
          { heading: 'complete', align: 'right' },
          { heading: 'best', align: 'right' },
          { heading: 'after', align: 'right' },
          { heading: 'how it went' },
        ],
        found.map(({ study, strategy, counts, best: top, after, front, history }) => [
          study,
          strategy,
          String(counts.complete),
          top === undefined ? (front === undefined ? '' : `front of ${front.length}`) : formatValue(top.value),
          top === undefined ? '' : `${after} trials`,
          history.length > 1 ? sparkline(history) : '',
        ]),
        session.stdout,
      ),
    );
  });

  const weigh = group
    .command('importance')
    .description('which parameters matter')
    .argument('[name]', only)
    .option('--top <part>', 'which part of the trials counts as good (default: 0.1)', numberBetween(0, 1));
  withStorageOptions(weigh).action(
    async (name: string | undefined, options: StorageOptions & { readonly top?: number }) => {
      const session = openSession(environment, options);
      await withStudy(name, options, (study) => {
        const { top } = options;
        const shares = importance(study.space, study.history, top === undefined ? {} : { top });
        session.result(Object.fromEntries(shares), () =>
          renderTable(
            [{ heading: 'parameter' }, { heading: 'importance', align: 'right' }, { heading: '' }],
            [...shares].map(([path, share]) => [path, formatPercent(share, 1), '█'.repeat(Math.round(share * 40))]),
            session.stdout,
          ),
        );
      });
    },
  );

  const watch = withStorageOptions(
    group.command('watch').description('watch a study while others work on it').argument('[name]', only),
  );
  watch.action(async (name: string | undefined, options: StorageOptions) => {
    const session = openSession(environment, options);
    await withStudy(name, options, async (study) => {
      const view = watchStudy(session, study, stopConditions(stopsFor(study, {})), options.quiet ?? false);
      await new Promise<void>((resolve) => {
        const idle = setInterval(() => undefined, 1000);
        session.interrupt.onAbort(() => {
          clearInterval(idle);
          resolve();
        });
      });
      await view.end();
    });
  });
}

/** `espalier study compare` and `importance`: which study, and which parameters, made the difference. */
import type { Command } from 'commander';
import { importance } from '@espalier/search';
import { numberBetween, withExamples } from '../../cli/options.ts';
import { openSession, type Environment } from '../../cli/session.ts';
import { FailedError } from '../../errors.ts';
import { sparkline } from '../../study/render-status.ts';
import { startOf, statusOf, type StudyStatus } from '../../study/status.ts';
import { lookAtStudy, withStorageOptions, type StorageOptions } from '../../study/storage.ts';
import { formatPercent, formatValue } from '../../terminal/format.ts';
import { renderTable } from '../../terminal/table.ts';
import { cut } from '../../terminal/terminal.ts';
import { only } from './inspect.ts';

/** Bars of a sparkline in a table. */
const sparkWidth = 16;

/** A study among others, and after how many complete trials it had found its best. */
type Compared = StudyStatus & { readonly after: number };

/** Of a metric's name, so much fits into a table. */
const metricWidth = 16;

function comparedRow({ study, strategy, objectives, counts, best, after, front, history }: Compared): string[] {
  const metric = cut(objectives[0]?.split(' ').at(-1) ?? '', metricWidth);
  const found = front === undefined ? '' : `front of ${front.length}`;
  return [
    study,
    strategy,
    String(counts.complete),
    String(counts.pruned),
    String(counts.failed),
    best === undefined ? found : `${metric} ${formatValue(best.value)}`,
    best === undefined ? '' : String(after),
    history.length > 1 ? sparkline(history, sparkWidth) : '',
  ];
}

/** Adds the commands that weigh studies, and parameters, against each other. */
export function addWeighCommands(group: Command, environment: Environment): void {
  const compare = group
    .command('compare')
    .description('studies of one storage side by side')
    .argument('<names...>', 'two or more');
  withExamples(withStorageOptions(compare), [
    ['espalier study compare genetic random', 'who found more, and after how many complete trials'],
  ]).action(async (names: readonly string[], options: StorageOptions) => {
    const session = openSession(environment, options);
    const found: Compared[] = [];
    for (const name of names) {
      await using study = await lookAtStudy(name, options.storage);
      const status = statusOf(study, [], startOf(study, []));
      const { best, history } = status;
      found.push({ ...status, after: best === undefined ? 0 : history.indexOf(best.value) + 1 });
    }
    session.result(found, () =>
      renderTable(
        [
          { heading: 'study' },
          { heading: 'strategy' },
          { heading: 'complete', align: 'right' },
          { heading: 'pruned', align: 'right' },
          { heading: 'failed', align: 'right' },
          { heading: 'best', align: 'right' },
          { heading: 'after', align: 'right' },
          { heading: 'how it went' },
        ],
        found.map(comparedRow),
        session.stdout,
      ),
    );
  });

  const weigh = group
    .command('importance')
    .description('which parameters matter')
    .argument('[name]', only)
    .option('--top <part>', 'which part of the trials counts as good (default: 0.1)', numberBetween(0, 1));
  withExamples(withStorageOptions(weigh), [
    ['espalier study importance digits', 'what the best tenth has in common'],
    ['espalier study importance digits --top 0.25', 'or the best quarter'],
  ]).action(async (name: string | undefined, options: StorageOptions & { readonly top?: number }) => {
    const session = openSession(environment, options);
    await using study = await lookAtStudy(name, options.storage);
    const { top } = options;
    let shares: ReadonlyMap<string, number>;
    try {
      shares = importance(study.space, study.history, top === undefined ? {} : { top });
    } catch (error) {
      // There are too few trials.
      if (error instanceof RangeError) throw new FailedError(error.message);
      throw error;
    }
    session.result(Object.fromEntries(shares), () =>
      renderTable(
        [{ heading: 'parameter' }, { heading: 'importance', align: 'right' }, { heading: '' }],
        [...shares].map(([path, share]) => [path, formatPercent(share, 1), '█'.repeat(Math.round(share * 40))]),
        session.stdout,
      ),
    );
  });
}

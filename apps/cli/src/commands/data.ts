/** `espalier data`: what would be read of a file or a folder, before anything is learnt of it. */
import { existsSync, statSync } from 'node:fs';
import { describeTable, type DescribedColumn, type TableDescription } from '@espalier/data';
import { readPictures, readTable } from '@espalier/data/node';
import type { Command } from 'commander';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { openSession, type CommonOptions, type Environment, type Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { formatCount, formatPercent } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';

/** What may be told of data. */
interface DataOptions extends CommonOptions {
  readonly target?: string;
}

const right = { align: 'right' } as const;

/** How many values of a column are told. */
const shownValues = 3;

/** A number in six digits, or fewer. */
const brief = (value: number): string => String(Number(value.toPrecision(6)));

/** The range of numbers, or how many values there are. */
function rangeOf({ numbers, values }: DescribedColumn): string {
  if (numbers !== undefined && numbers.count > 0) return `${brief(numbers.min)} to ${brief(numbers.max)}`;
  return values === undefined ? 'many values' : `${values.length} ${values.length === 1 ? 'value' : 'values'}`;
}

function showColumns({ columns, rows }: TableDescription, session: Session): string {
  return renderTable(
    [
      { heading: 'column' },
      { heading: 'kind' },
      { heading: 'missing', ...right },
      { heading: 'range' },
      { heading: 'used as' },
      { heading: 'samples' },
    ],
    columns.map((column) => [
      column.name,
      column.kind,
      column.missing === 0 ? '' : formatPercent(column.missing / rows, 1),
      rangeOf(column),
      column.use,
      column.samples.slice(0, shownValues).map(String).join(', '),
    ]),
    session.stdout,
  );
}

function showTable(told: TableDescription, session: Session): string {
  const [train = 0, validate = 0, test = 0] = told.split;
  const parts = `${formatCount(train)} to learn from, ${formatCount(validate)} to choose by, ${formatCount(test)} to judge by`;
  const classes = told.classes?.map(({ value, count, parts: own }) => [
    value,
    formatCount(count),
    ...own.map(formatCount),
  ]);
  const headings = ['rows', 'train', 'validate', 'test'].map((heading) => ({ heading, ...right }));
  return [
    showColumns(told, session),
    ...(classes ? [renderTable([{ heading: 'class' }, ...headings], classes, session.stdout)] : []),
    `${formatCount(told.rows)} rows: ${parts}; ${formatCount(told.features)} numbers a row${told.task === undefined ? '; --target COLUMN says what is learnt' : `; the task is ${told.task}`}`,
  ].join('\n\n');
}

async function showPictures(folder: string, session: Session): Promise<void> {
  const { classes, labels, paths } = await readPictures(folder, { size: 1 });
  const counts = classes.map((value, index) => ({
    value,
    count: labels.reduce((count, label) => count + (label === index ? 1 : 0), 0),
  }));
  session.result(
    { source: folder, pictures: paths.length, classes: counts, samples: paths.slice(0, shownValues) },
    () => {
      const rows = counts.map(({ value, count }) => [value, formatCount(count)]);
      const table = renderTable([{ heading: 'class' }, { heading: 'pictures', ...right }], rows, session.stdout);
      return `${table}\n\n${formatCount(paths.length)} pictures of ${classes.length} classes`;
    },
  );
}

/** Adds `espalier data`. */
export function addDataCommand(program: Command, environment: Environment): void {
  const command = program
    .command('data')
    .description(
      'show what would be read of a table or a folder of pictures: columns, classes, what is missing, the split',
    )
    .argument('<path>', 'a .csv, .tsv, .jsonl, .parquet, .arrow or .feather file, or a folder of pictures by class')
    .option('--target <column>', 'the column that is to be learnt');
  withExamples(withCommonOptions(command), [
    ['espalier data houses.csv --target price', 'columns, their use, the split'],
    ['espalier data flowers', 'pictures by class'],
    ['espalier data houses.csv --json', 'the same for a script'],
  ]).action(async (path: string, options: DataOptions) => {
    const session = openSession(environment, options);
    if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
    if (statSync(path).isDirectory()) return showPictures(path, session);
    const { target } = options;
    const told = describeTable(await readTable(path), target === undefined ? {} : { target });
    session.result(told, () => showTable(told, session));
  });
}

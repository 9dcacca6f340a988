/** What `espalier data` shows of a table: columns, their use, the split. */
import { describeTable, type DescribedColumn, type TableDescription } from '@espalier/data';
import { readTable } from '@espalier/data/node';
import { knownColumns } from '@espalier/pipeline/node';
import { quoted } from '../cli/shell.ts';
import type { Session } from '../cli/session.ts';
import { formatCount, formatPercent } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { defaultSeed } from '../cli/options.ts';
import { describeOptions, tableUse, withColumnRemedies, type TableOptions } from './table-options.ts';

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

/** How many rows are learnt from and judged by, or why nothing can be learnt. */
function sentence({ rows, split, seed, features, task, problem }: TableDescription): string {
  if (problem !== undefined) return `nothing can be learnt: ${problem}`;
  const [train = 0, validate = 0, test = 0] = split.map(formatCount);
  const parts = `${train} to learn from, ${validate} to choose by, ${test} to judge by (seed ${seed})`;
  const what = task === undefined ? '--target COLUMN says what is learnt' : `the task is ${task}`;
  return `${formatCount(rows)} rows: ${parts}; ${formatCount(features)} numbers a row; ${what}`;
}

/** So many classes are told one by one. */
const shownClasses = 50;

/** Kinds of columns that are left out for what they look like. */
const guessed: readonly string[] = ['identifier', 'date', 'text'];

function showTable(told: TableDescription, session: Session): string {
  const left = told.columns.find(({ kind, use }) => guessed.includes(kind) && use.startsWith('left out'));
  const classes = told.classes
    ?.slice(0, shownClasses)
    .map(({ value, count, parts: own }) => [value, formatCount(count), ...own.map(formatCount)]);
  const others = (told.classes?.length ?? 0) - shownClasses;
  const headings = ['rows', 'train', 'validate', 'test'].map((heading) => ({ heading, ...right }));
  return [
    showColumns(told, session),
    ...(classes ? [renderTable([{ heading: 'class' }, ...headings], classes, session.stdout)] : []),
    ...(others > 0 ? [`and ${formatCount(others)} more classes`] : []),
    sentence(told),
    ...(left ? [`--column ${quoted(`${left.name}=category`)} or =number takes a column that is left out`] : []),
  ].join('\n\n');
}

/**
 * Shows what would be read of a table.
 * @throws {DataError | FormatError} naming row and column, for what is damaged or not there.
 */
export async function showTableData(
  session: Session,
  path: string,
  { seed = defaultSeed, ...options }: TableOptions & { readonly seed?: number },
): Promise<void> {
  const use = await tableUse(path, options);
  const told = await withColumnRemedies(use, async () =>
    describeTable(await readTable(path, { known: knownColumns(use) }), describeOptions(use, seed)),
  );
  session.result(told, () => showTable(told, session));
}

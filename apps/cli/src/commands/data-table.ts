/** What `espalier data` shows of a table: columns, their use, the split. */
import { describeTable, type DescribedColumn, type TableDescription } from '@espalier/data';
import { readTable } from '@espalier/data/node';
import type { Session } from '../cli/session.ts';
import { formatCount, formatPercent } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';

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

/**
 * Shows what would be read of a table.
 * @throws {DataError | FormatError} naming row and column, for what is damaged or not there.
 */
export async function showTableData(
  session: Session,
  path: string,
  { target }: { readonly target?: string },
): Promise<void> {
  const told = describeTable(await readTable(path), target === undefined ? {} : { target });
  session.result(told, () => showTable(told, session));
}

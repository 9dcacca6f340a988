/** What models of a table are judged by: rows that nothing was learnt from. */
import {
  baselines,
  decodeNumbers,
  taskOf,
  type NumberTarget,
  type Preparation,
  type Table,
  type Target,
} from '@espalier/data';
import { readTable } from '@espalier/data/node';
import type { Device } from '@espalier/tensor';
import type { Judge, Judgement, Points, Question } from '../../data/judgement.ts';
import { UsageError } from '../../errors.ts';
import { examine, type Given } from '../intervals.ts';
import { openTable, type TableUse } from './open-table.ts';
import { preparationOf } from './predict-table.ts';

/** How a table is prepared, and for which target. */
export interface Prepared {
  readonly preparation: Preparation;
  readonly target: Target;
}

/** Metrics that are a share of the rows, by what the target is. */
const sharesOf = { classes: ['accuracy'], labels: ['exact'], numbers: [] } as const;

/** Most rows, and most outputs, that are shown one by one. */
const [mostPoints, mostOutputs] = [300, 4];

/** The first rows as they are and as they were predicted, in the unit of the data. */
function pointsOf(target: NumberTarget, { outputs, targets, width }: Given): readonly Points[] {
  const [said, right] = [decodeNumbers(target, outputs), decodeNumbers(target, targets)];
  return target.columns.slice(0, mostOutputs).map((name, column) => {
    const isShown = (_: number, index: number): boolean => index % width === column && index < mostPoints * width;
    return { name, actual: Array.from(right).filter(isShown), predicted: Array.from(said).filter(isShown) };
  });
}

/** Judges models by rows of a table; the seed is that of the intervals. */
export function judgeBy(
  rows: Table,
  { preparation, target }: Prepared,
  seed: number,
  device: Device,
): Omit<Judge, 'baselines'> {
  const task = taskOf(target);
  const examination = {
    test: preparation.dataset(rows, { device }),
    targets: preparation.targets(rows).data,
    width: preparation.outputs,
    measure: (given: Parameters<typeof task.measure>[0]) => task.measure(given, target),
    ...(target.as === 'numbers' && { show: (given: Given) => pointsOf(target, given) }),
    shares: sharesOf[target.as],
    seed,
  };
  return { examples: rows.rows, judge: (model) => examine(model, examination) };
}

/** The test rows of a table, and baselines that were learnt from the others. */
export async function judgeTable(use: TableUse, device: Device): Promise<Judge> {
  const { train, test, ...prepared } = await openTable(use);
  return { ...judgeBy(test, prepared, use.seed, device), baselines: learnt(prepared, train, test) };
}

/** What is reached without a network, learnt from rows. */
export function learnt({ preparation }: Prepared, train: Table, test: Table): readonly Judgement[] {
  return baselines(preparation, train, test).map((each) => ({ ...each, intervals: {} }));
}

/** What is reached by saying the same of all rows: the shares of these, or the mean that the model was trained by. */
function constants(rows: Table, { preparation, target }: Prepared): readonly Judgement[] {
  if (target.as !== 'numbers')
    return baselines(preparation, rows, rows)
      .filter(({ name }) => name === 'majority')
      .map((each) => ({ ...each, intervals: {} }));
  const targets = preparation.targets(rows).data;
  // What is standardized is 0 where it is the mean.
  const metrics = taskOf(target).measure(
    { outputs: new Float64Array(targets.length), targets, width: preparation.outputs },
    target,
  );
  return [{ name: 'mean', metrics, intervals: {} }];
}

/**
 * All rows of a table, by the preparation of a model.
 * @throws {DataError} naming row and column, for a target that is not there or cannot be.
 * @throws {UsageError} for a table without rows.
 */
export async function judgeTableOn({ preparation, from, path, device }: Question): Promise<Judge> {
  const prepared = preparationOf(from, preparation);
  const rows = await readTable(path, { known: prepared.preparation.known });
  if (rows.rows === 0) throw new UsageError(`${path}: it has no rows to judge by: give some`);
  return { ...judgeBy(rows, prepared, 0, device), baselines: constants(rows, prepared) };
}

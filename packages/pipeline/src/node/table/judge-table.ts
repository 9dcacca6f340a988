/** What models of a table are judged by: rows that nothing was learnt from. */
import { baselines, taskOf, type Preparation, type Table, type Target } from '@espalier/data';
import { readTable } from '@espalier/data/node';
import type { Device } from '@espalier/tensor';
import type { Judge, Question } from '../../data/judgement.ts';
import { examine } from '../intervals.ts';
import { openTable, type TableUse } from './open-table.ts';
import { preparationOf } from './predict-table.ts';

/** How a table is prepared, and for which target. */
interface Prepared {
  readonly preparation: Preparation;
  readonly target: Target;
}

/** Judges models by rows of a table; the seed is that of the intervals. */
function judgeBy(
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
    shares: target.as === 'classes' ? ['accuracy'] : [],
    seed,
  };
  return { examples: rows.rows, judge: (model) => examine(model, examination) };
}

/** The test rows of a table, and baselines that were learnt from the others. */
export async function judgeTable(use: TableUse, device: Device): Promise<Judge> {
  const { train, test, ...prepared } = await openTable(use);
  const plain = baselines(prepared.preparation, train, test).map((each) => ({ ...each, intervals: {} }));
  return { ...judgeBy(test, prepared, use.seed, device), baselines: plain };
}

/**
 * All rows of a table, by the preparation of a model.
 * @throws {DataError} naming row and column, for a target that is not there or cannot be.
 */
export async function judgeTableOn({ preparation, from, path, device }: Question): Promise<Judge> {
  return { ...judgeBy(await readTable(path), preparationOf(from, preparation), 0, device), baselines: [] };
}

/** The job that judges saved models by the test rows of a table: in the unit of its data, beside what is reached without a network. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { baselines, type Measures, type Target, type Task } from '@espalier/data';
import { predict } from '@espalier/nn';
import { wilsonInterval } from '@espalier/optimize';
import { RandomStream } from '@espalier/search';
import type { JobContext } from '../../jobs/job.ts';
import type { Interval, JudgeInput, Judgement } from '../../jobs/jobs.ts';
import { loadModelFolder } from '../load-model.ts';
import { openTable } from '../table/open-table.ts';

/** How often rows are drawn anew. */
const draws = 400;

/** Of the draws, so many lie outside the interval on each side: 2.5 %. */
const outside = Math.floor(draws * 0.025);

interface Given {
  readonly outputs: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly width: number;
}

/** The rows of an index, as they are judged. */
function taken({ outputs, targets, width }: Given, rows: Int32Array): Given {
  const each = targets.length / (outputs.length / width);
  const part = (values: ArrayLike<number>, size: number): Float64Array => {
    const all = Float64Array.from(values);
    const made = new Float64Array(rows.length * size);
    for (const [at, row] of rows.entries()) made.set(all.subarray(row * size, (row + 1) * size), at * size);
    return made;
  };
  return { outputs: part(outputs, width), targets: part(targets, each), width };
}

/**
 * An interval of 95 % for each metric, from test rows drawn with replacement (B. Efron, 1979); of an accuracy Wilson's, since drawing
 * tells nothing of what never went wrong.
 */
function intervalsOf(
  task: Task,
  target: Target,
  given: Given,
  metrics: Measures,
  seed: number,
): Judgement['intervals'] {
  const rows = given.outputs.length / given.width;
  const stream = new RandomStream(seed, 0, 'judge');
  const drawn = Array.from({ length: draws }, () => {
    const picked = Int32Array.from({ length: rows }, () => Math.floor((stream.uint32() / 2 ** 32) * rows));
    return task.measure(taken(given, picked), target);
  });
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]): [string, Interval] => {
      if (name === 'accuracy' && target.as === 'classes') {
        const { low, high } = wilsonInterval(Math.round(value * rows), rows);
        return [name, { low, high }];
      }
      const values = drawn.flatMap(({ [name]: each }) => (each === undefined ? [] : [each])).toSorted((a, b) => a - b);
      const at = (index: number): number => values[index] ?? value;
      return [name, { low: at(outside), high: at(values.length - 1 - outside) }];
    }),
  );
}

/**
 * The metrics of each model, with their intervals, and those of baselines, by the test part of a table.
 * @throws {UsageError} for a model that cannot be loaded.
 */
export async function judge({ table, folders }: JudgeInput, { device }: JobContext): Promise<Judgement[]> {
  const { train, test, preparation, target, task } = await openTable(table);
  const dataset = preparation.dataset(test, { device });
  const targets = preparation.targets(test).data;
  const judged: Judgement[] = [];
  for (const folder of folders) {
    const { model } = await loadModelFolder(folder, { device });
    const outputs = await predict(model, dataset);
    const given = { outputs: await outputs.data(), targets, width: preparation.outputs };
    outputs.dispose();
    const metrics = task.measure(given, target);
    const { size: weightBytes } = await stat(join(folder, 'model.safetensors'));
    const intervals = intervalsOf(task, target, given, metrics, table.seed);
    judged.push({ name: folder, metrics, weightBytes, intervals });
  }
  const plain = baselines(preparation, train, test).map((each) => ({ ...each, intervals: {} }));
  return [...judged, ...plain];
}

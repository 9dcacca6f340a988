/** How far metrics of a model can be off, told from the examples that it was judged by. */
import type { Measures } from '@espalier/data';
import { predict, type Dataset, type Module } from '@espalier/nn';
import { wilsonInterval } from '@espalier/optimize';
import { RandomStream } from '@espalier/search';
import type { Interval, Judgement } from '../data/judgement.ts';

/** How often examples are drawn anew: less often of many, whose metrics hardly differ from draw to draw. */
const drawsOf = (rows: number): number => Math.max(100, Math.min(400, Math.floor(1_000_000 / rows)));

/** The part of the draws that lies outside the interval on each side. */
const outside = 0.025;

/** What a model gave for some examples, and what would have been right. */
export interface Given {
  readonly outputs: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  /** Numbers that a model gives for an example. */
  readonly width: number;
}

/** Examples, and how what is given for them is measured. */
export interface Examination {
  readonly test: Dataset;
  readonly targets: ArrayLike<number>;
  readonly width: number;
  readonly measure: (given: Given) => Measures;
  /** Some examples as they are to be shown. */
  readonly show?: (given: Given) => Judgement['points'];
  /** Metrics that are a share of the examples. */
  readonly shares: readonly string[];
  readonly seed: number;
}

/** The examples of an index, as they are judged. */
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
 * An interval of 95 % for each metric, from examples drawn with replacement (B. Efron, 1979); of a share Wilson's, since drawing
 * tells nothing of what never went wrong.
 */
function intervalsOf({ measure, shares, seed }: Examination, given: Given, metrics: Measures): Judgement['intervals'] {
  const rows = given.outputs.length / given.width;
  const stream = new RandomStream(seed, 0, 'judge');
  const drawn = Array.from({ length: drawsOf(rows) }, () => {
    const picked = Int32Array.from({ length: rows }, () => Math.floor((stream.uint32() / 2 ** 32) * rows));
    return measure(taken(given, picked));
  });
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]): [string, Interval] => {
      if (shares.includes(name)) {
        const { low, high } = wilsonInterval(Math.round(value * rows), rows);
        return [name, { low, high }];
      }
      const values = drawn.flatMap(({ [name]: each }) => (each === undefined ? [] : [each])).toSorted((a, b) => a - b);
      const at = (index: number): number => values[index] ?? value;
      const left = Math.floor(values.length * outside);
      return [name, { low: at(left), high: at(values.length - 1 - left) }];
    }),
  );
}

/** The metrics of a model by an examination, with their intervals. */
export async function examine(
  model: Module,
  examination: Examination,
): Promise<Pick<Judgement, 'metrics' | 'intervals' | 'points'>> {
  const { test, targets, width, measure } = examination;
  const outputs = await predict(model, test);
  const given = { outputs: await outputs.data(), targets, width };
  outputs.dispose();
  const metrics = measure(given);
  const points = examination.show?.(given);
  return { metrics, intervals: intervalsOf(examination, given, metrics), ...(points && { points }) };
}

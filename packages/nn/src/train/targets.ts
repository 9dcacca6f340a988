/** Finds the example whose target makes no sense, so that an error can name it. */
import { ArgumentError, full, noGrad, ShapeError, type Shape, type Tensor } from '@espalier/tensor';
import { check, checkOptional } from '@espalier/tensor/arguments';
import { numbers } from '../config/rules.ts';
import { aBatch, type Dataset } from '../data/dataset.ts';
import { batches, inOrder } from '../data/order.ts';
import type { Module } from '../module/module.ts';
import { inEvaluation } from './evaluation-mode.ts';

/** What is made of outputs and targets: a loss, or counts. It is NaN or infinite where a target is none. */
export type Judge = (output: Tensor, target: Tensor, context: { readonly x: Tensor }) => Tensor;

/** How many suspects are put to the judge before the search ends: each costs a read. */
const maxSuspects = 64;

/** A target value that cannot be right, whoever judges: a label of no class, or what is not finite. */
interface Suspect {
  readonly value: number;
  /** Of a label: how many classes there are. */
  readonly classes: number | undefined;
}

function suspect(values: ArrayLike<number>, classes: number | undefined): Suspect | undefined {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (!Number.isFinite(value)) return { value, classes: undefined };
    if (classes !== undefined && !isClass(value, classes)) return { value, classes };
  }
  return undefined;
}

const isClass = (value: number, classes: number): boolean => Number.isInteger(value) && value >= 0 && value < classes;

/** The number of classes that targets name by index, by the shape of one output; nothing if they do not. */
function classesOf(y: Tensor, output: Shape): number | undefined {
  return y.rank === output.length ? output.at(-1) : undefined;
}

/** The shape of a model's output for one example; nothing is computed for it. */
async function outputShape(model: Module, data: Dataset): Promise<Shape> {
  const { x } = check('dataset', 'what batch gives', await data.batch([0]), aBatch);
  return inEvaluation(model, async () => noGrad(() => model.call(x)).shape.slice(1));
}

/**
 * Whether a judge cannot make anything of an example, whatever the outputs. It sees it beside a good one, where there is
 * one: the mean of nothing but examples that it ignores says nothing.
 */
async function isHopeless(
  data: Dataset,
  row: number,
  good: number | undefined,
  output: Shape,
  judge: Judge,
): Promise<boolean> {
  const rows = good === undefined ? [row] : [row, good];
  const { x, y } = await data.batch(rows);
  const isMade = async (value: number): Promise<boolean> => {
    const outputs = full([rows.length, ...output], value, { device: x.device });
    try {
      return Number.isFinite(await noGrad(() => judge(outputs, y, { x }).cast('f32').sum()).item());
    } catch (error) {
      // Targets of another shape are nobody's labels: what the loss says of them itself is more to the point.
      if (error instanceof ShapeError) return true;
      // A loss that looks at its targets says so itself, of the example's row in this batch.
      if (error instanceof ArgumentError) return false;
      throw error;
    }
  };
  return !(await isMade(0)) && !(await isMade(0.5));
}

function describe(operation: string, row: number, { value, classes }: Suspect): ArgumentError {
  return new ArgumentError(
    operation,
    classes === undefined
      ? `the target of example ${row} holds ${value}; targets are finite numbers`
      : `the label of example ${row} is ${value}; the model tells ${classes} classes apart, 0 to ${classes - 1}`,
  );
}

/**
 * Goes through the labels that a dataset lists, if it does. A value that a loss ignores is fine.
 * @throws {ArgumentError} naming the first one of which the judge can make nothing.
 */
export async function checkLabels(operation: string, model: Module, data: Dataset, judge: Judge): Promise<void> {
  const labels = checkOptional(operation, 'what labels of the dataset gives', await data.labels?.(), numbers);
  if (!labels || labels.length === 0) return;
  const output = await outputShape(model, data);
  const classes = output.at(-1);
  if (output.length !== 1 || classes === undefined) return;
  const good = Array.from(labels).findIndex((value) => isClass(value, classes));
  const seen = new Set<number>();
  for (let row = 0; row < labels.length && seen.size < maxSuspects; row++) {
    const value = labels[row] as number;
    if (isClass(value, classes) || seen.has(value)) continue;
    seen.add(value);
    if (await isHopeless(data, row, good < 0 ? undefined : good, output, judge))
      throw describe(operation, row, { value, classes });
  }
}

/**
 * Looks through a whole dataset for what made a loss or counts NaN; returns if all targets are fine, and the model is
 * to blame.
 * @throws {ArgumentError} naming the first example whose target is none.
 */
export async function findWrongTarget(operation: string, model: Module, data: Dataset, judge: Judge): Promise<void> {
  if (data.size === 0) return;
  const output = await outputShape(model, data);
  let asked = 0;
  for (const part of batches(inOrder(data.size), 256)) {
    const { y } = await data.batch(part);
    const classes = classesOf(y, output);
    const values = await y.data();
    const size = values.length / part.length;
    const suspects = Array.from(part, (_, place) =>
      suspect(values.subarray(place * size, (place + 1) * size), classes),
    );
    const good = part[suspects.indexOf(undefined)];
    for (const [place, wrong] of suspects.entries()) {
      if (wrong === undefined) continue;
      if (++asked > maxSuspects) return;
      const row = part[place] as number;
      if (await isHopeless(data, row, good, output, judge)) throw describe(operation, row, wrong);
    }
  }
}

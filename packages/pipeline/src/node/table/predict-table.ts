/** What a saved model says of the rows of a file. */
import { decodeNumbers, Preparation, type Target } from '@espalier/data';
import { readTable } from '@espalier/data/node';
import { ConfigError, predict, tensorDataset } from '@espalier/nn';
import type { PredictedColumn, Question } from '../../data/judgement.ts';
import { UsageError } from '../../errors.ts';
import { byRows, columnsOfClasses, named, probability } from '../classes.ts';

/** What outputs say, by columns: a class and the probability of each, or numbers in the unit of the data. */
function columnsOf(target: Target, outputs: ArrayLike<number>, width: number): PredictedColumn[] {
  if (target.as === 'classes') return columnsOfClasses(target.column, target.classes, outputs);
  const rows = byRows(outputs, width);
  if (target.as === 'numbers') return named(target.columns, byRows(decodeNumbers(target, outputs), width));
  const shares = rows.map((row) => row.map((score) => 1 / (1 + Math.exp(-score))));
  return named(target.columns.map(probability), shares);
}

/**
 * The preparation that was saved with a model, and its target.
 * @throws {UsageError} for one that is damaged, or has no target.
 */
export function preparationOf(
  folder: string,
  config: unknown,
): { readonly preparation: Preparation; readonly target: Target } {
  let preparation: Preparation;
  try {
    preparation = new Preparation(config);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(`${folder}: its preparation is damaged: ${error.message}`);
    throw error;
  }
  const { target } = preparation;
  if (target) return { preparation, target };
  throw new UsageError(`${folder}: its preparation has no target: make the model anew`);
}

/**
 * What a model says of each row of a table, prepared as its training rows were.
 * @throws {DataError} naming row and column, for a column that is not there or what cannot be encoded.
 */
export async function predictTable(question: Question): Promise<PredictedColumn[]> {
  const { model, preparation: config, from, path, device } = question;
  const { preparation, target } = preparationOf(from, config);
  const table = await readTable(path);
  if (table.rows === 0) throw new UsageError(`${path}: it has no rows to say anything of: give some`);
  const nothing = { data: new Float32Array(table.rows), shape: [table.rows] };
  const outputs = await predict(model, tensorDataset(preparation.inputs(table), nothing, { device }));
  const values = await outputs.data();
  outputs.dispose();
  return columnsOf(target, values, preparation.outputs);
}

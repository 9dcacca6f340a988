/** What a saved model says of the rows of a file. */
import { decodeNumbers, Preparation, type Target } from '@espalier/data';
import { readTableParts } from '@espalier/data/node';
import { predict, tensorDataset } from '@espalier/nn';
import type { PredictedColumn, Question } from '../../data/judgement.ts';
import { UsageError } from '../../errors.ts';
import { columnsOfClasses, named, probability } from '../classes.ts';
import { savedPreparation } from '../saved-preparation.ts';

/** What outputs say, by columns: classes or labels with the probability of each, or numbers in the unit of the data. */
function columnsOf(target: Target, outputs: ArrayLike<number>): readonly PredictedColumn[] {
  if (target.as === 'classes') return columnsOfClasses(target.column, target.classes, outputs);
  if (target.as === 'numbers') return named(target.columns, decodeNumbers(target, outputs));
  const shares = Float64Array.from(outputs, (score) => 1 / (1 + Math.exp(-score)));
  const there = shares.map((share) => (share > 0.5 ? 1 : 0));
  return [...named(target.columns, there), ...named(target.columns.map(probability), shares)];
}

/**
 * The preparation that was saved with a model, and its target.
 * @throws {UsageError} for one that is damaged, or has no target.
 */
export function preparationOf(
  folder: string,
  config: unknown,
): { readonly preparation: Preparation; readonly target: Target } {
  const preparation = savedPreparation(folder, () => new Preparation(config));
  const { target } = preparation;
  if (target) return { preparation, target };
  throw new UsageError(`${folder}: its preparation has no target: make the model anew`);
}

/** Most rows, and most numbers of theirs, that are held at once. */
const [mostRows, mostNumbers] = [1 << 14, 1 << 23];

/**
 * What a model says of each row of a table, prepared as its training rows were: some thousands at a time.
 * @throws {DataError} naming row and column, for a column that is not there or what cannot be encoded.
 * @throws {UsageError} for a table without rows.
 */
export async function* predictTable(question: Question): AsyncGenerator<readonly PredictedColumn[]> {
  const { model, preparation: config, from, path, device } = question;
  const { preparation, target } = preparationOf(from, config);
  const most = Math.max(1, Math.min(mostRows, Math.floor(mostNumbers / preparation.features.length)));
  let rows = 0;
  for await (const table of readTableParts(path, most, { known: preparation.known })) {
    if (table.rows === 0) continue;
    rows += table.rows;
    const nothing = { data: new Float32Array(table.rows), shape: [table.rows] };
    const outputs = await predict(model, tensorDataset(preparation.inputs(table), nothing, { device }));
    const values = await outputs.data();
    outputs.dispose();
    yield columnsOf(target, values);
  }
  if (rows === 0) throw new UsageError(`${path}: it has no rows to say anything of: give some`);
}

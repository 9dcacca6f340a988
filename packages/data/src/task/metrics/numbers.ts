/** Metrics of numbers, in their own unit. */
import { checkRows, columnOf, type Judged } from '../judged.ts';
import { meanOf } from './ranks.ts';
import { there, type Measures } from './classes.ts';

interface Errors {
  readonly squared: number;
  readonly absolute: number;
  readonly r2: number;
}

/** R² of a column that is the same in all rows is 1 where it is met, else 0, as scikit-learn has it. */
function errorsOf(predicted: Float64Array, actual: Float64Array): Errors {
  const first = actual[0] as number;
  const mean = first + actual.reduce((sum, value) => sum + (value - first), 0) / actual.length;
  let [squares, absolute, spread] = [0, 0, 0];
  for (const [row, value] of actual.entries()) {
    const error = (predicted[row] as number) - value;
    squares += error ** 2;
    absolute += Math.abs(error);
    spread += (value - mean) ** 2;
  }
  const r2 = spread > 0 ? 1 - squares / spread : squares === 0 ? 1 : 0;
  return { squared: squares / actual.length, absolute: absolute / actual.length, r2 };
}

/**
 * RMSE, MAE and R², each the mean over the outputs. Outputs and targets are in the unit of the data: see `decodeNumbers`.
 * @throws {ArgumentError} for outputs and targets that do not belong together.
 */
export function measureNumbers(judged: Judged): Measures {
  const { outputs, targets, width } = judged;
  checkRows('measureNumbers', judged, width);
  const each = Array.from({ length: width }, (_, index) =>
    errorsOf(columnOf(outputs, width, index), columnOf(targets, width, index)),
  );
  return there({
    rmse: meanOf(each.map(({ squared }) => Math.sqrt(squared))),
    mae: meanOf(each.map(({ absolute }) => absolute)),
    r2: meanOf(each.map(({ r2 }) => r2)),
  });
}

/** What a model gave and what would have been right, on the host: metrics are computed from these in doubles. */
import { ArgumentError } from '@espalier/tensor';
import { numbers } from '@espalier/nn/arguments';
import { check, describe } from '@espalier/tensor/arguments';

/** Outputs [rows, width], and targets: [rows] of class indices, or [rows, width]. */
export interface Judged {
  readonly outputs: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  /** Numbers that a model gives for an example. */
  readonly width: number;
}

/** How many examples there are. */
export function rowsOf({ outputs, width }: Judged): number {
  return outputs.length / width;
}

/**
 * Outputs and class indices that belong together.
 * @throws {ArgumentError} for numbers of them that do not, and naming the row of a target that is no class.
 */
export function checkClasses(operation: string, judged: Judged, classes: number = judged.width): number {
  const rows = checkRows(operation, judged, 1);
  for (let row = 0; row < rows; row++) {
    const label = judged.targets[row] as number;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new ArgumentError(
        operation,
        `the label of row ${row + 1} is ${describe(label)}; classes are 0 to ${classes - 1}`,
      );
  }
  return rows;
}

/**
 * Outputs and targets of which there are as many for each row.
 * @throws {ArgumentError} if not, and where there is no row.
 */
export function checkRows(operation: string, judged: Judged, targetWidth: number): number {
  check(operation, 'outputs', judged.outputs, numbers);
  check(operation, 'targets', judged.targets, numbers);
  const rows = rowsOf(judged);
  if (!Number.isInteger(rows) || rows === 0 || judged.targets.length !== rows * targetWidth)
    throw new ArgumentError(
      operation,
      `${judged.outputs.length} outputs of width ${judged.width} and ${judged.targets.length} targets of width ${targetWidth} do not belong together`,
    );
  return rows;
}

/** One column of [rows, width] values. */
export function columnOf(values: ArrayLike<number>, width: number, column: number): Float64Array {
  return Float64Array.from({ length: values.length / width }, (_, row) => values[row * width + column] as number);
}

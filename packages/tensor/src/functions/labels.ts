/** Class indices as they come from users. */
import { ArgumentError } from '../errors.ts';
import type { IndexBounds } from '../graph/modes.ts';

/** What labels have to be: classes, or `ignored`. The error of others names the row and the number of classes. */
export function labelBounds(operation: string, classes: number, ignored: number | undefined): IndexBounds {
  return {
    operation,
    size: classes,
    ignored,
    wrong: (label, row) =>
      new ArgumentError(
        operation,
        `the label of row ${row} is ${label}; the logits are of ${classes} classes, 0 to ${classes - 1}`,
      ),
  };
}

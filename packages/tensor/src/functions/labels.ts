/** Class indices as they come from users. */
import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Throws ArgumentError naming the row and the number of classes when labels whose values JavaScript has, so that looking at
 * them waits for nobody, hold an index of no class other than `ignored`.
 */
export function checkKnownLabels(
  operation: string,
  labels: Tensor,
  classes: number,
  ignored: number | undefined,
): void {
  if (!labels.node.storage?.host) return;
  const values = labels.dataSync();
  const wrong = values.findIndex((label: number) => (label < 0 || label >= classes) && label !== ignored);
  if (wrong < 0) return;
  throw new ArgumentError(
    operation,
    `the label of row ${wrong} is ${values[wrong]}; the logits are of ${classes} classes, 0 to ${classes - 1}`,
  );
}

/** How much an example of each class counts, so that all classes count alike. */
import { ArgumentError } from '@espalier/tensor';
import { numbers } from '@espalier/nn/arguments';
import { aPositiveInteger, check, describe } from '@espalier/tensor/arguments';

/**
 * n / (classes · examples of the class), as scikit-learn's `balanced`; 0 for a class without an example.
 * @throws {ArgumentError} for a label that is no class.
 */
export function classWeights(labels: ArrayLike<number>, classes: number): Float64Array {
  check('classWeights', 'labels', labels, numbers);
  check('classWeights', 'classes', classes, aPositiveInteger);
  const counts = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] as number;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new ArgumentError(
        'classWeights',
        `the label of row ${row + 1} is ${describe(label)}; classes are 0 to ${classes - 1}`,
      );
    counts[label] = (counts[label] as number) + 1;
  }
  const used = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 0 : labels.length / (used * count)));
}

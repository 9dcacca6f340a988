/** Weights as compressed models hold them. */
import type { EncodedMatrix, Tensor } from '@espalier/tensor';
import type { ParameterView } from './parameter.ts';

/**
 * A weight in a form to compute from: a matrix in a format. It has no gradient; when it is to be trained, it becomes a dense
 * tensor under the views that it tells.
 */
export interface StoredWeight {
  /** [first axis, all other axes] of the parameter. */
  readonly matrix: EncodedMatrix;
  /**
   * What the dense weight gets, such as the mask of what was pruned. The matrix is disposed of when that has been told.
   * Default: nothing.
   */
  readonly views?: (dense: Tensor, matrix: EncodedMatrix) => readonly ParameterView[];
}

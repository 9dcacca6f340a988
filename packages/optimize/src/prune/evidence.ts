/** What scores are told of weights besides their values: how the loss, or the outputs, depend on them. */

/**
 * What a score needs. `gradients`: the gradient of the mean loss over some examples; `example-gradients`: the squares of the
 * gradients of single examples; `inputs`: what the weights are multiplied with; `movement`: where the training that it goes
 * along with moves them.
 */
export type ScoreNeed = 'gradients' | 'example-gradients' | 'inputs' | 'movement';

/** All that scores can need. */
export const scoreNeeds: readonly ScoreNeed[] = ['gradients', 'example-gradients', 'inputs', 'movement'];

/** What is known of the weights of one parameter, in row-major order: what its score needs. */
export interface Evidence {
  /** ∂L/∂w of the mean loss L of some examples, for `gradients`. */
  readonly gradient?: Float64Array;
  /** Σ |w · ∂L/∂w| over all weights that are ranked together, for `gradients`. */
  readonly total?: number;
  /** The mean over examples of the square of ∂(loss of the example)/∂w, for `example-gradients`. */
  readonly squares?: Float64Array;
  /**
   * The mean square of each input, for `inputs`: one for each column of the matrix [first axis, all other axes], for each group
   * of a convolution. Absent where no inputs are seen, as for embeddings.
   */
  readonly inputs?: Float64Array;
  /** -Σ lr · w · ∂L/∂w over the steps of the training so far, for `movement`. */
  readonly movement?: Float32Array;
}

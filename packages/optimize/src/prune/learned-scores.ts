/** Scores by what data, or a training, says of weights. */
import type { Evidence } from './evidence.ts';
import type { ScoreType } from './importance.ts';

/** The score of each weight by its value and one number of the evidence. */
function each(
  values: Float32Array,
  known: ArrayLike<number> | undefined,
  score: (value: number, known: number) => number,
): Float32Array {
  return values.map((value, index) => score(value, known?.[index] ?? 0));
}

/**
 * |w| · ‖x‖ with the root of the mean square of the inputs x that w is multiplied with; |w| where no inputs are seen, or
 * those of the group are all 0. Source: M. Sun et al., "A simple and effective pruning approach for large language models",
 * ICLR 2024.
 */
export function weightsByInputs(values: Float32Array, rows: number, inputs: Float64Array | undefined): Float64Array {
  const columns = rows === 0 ? 0 : values.length / rows;
  const groups = inputs ? inputs.length / columns : 1;
  const isDead = deadGroups(inputs, groups);
  return Float64Array.from(values, (value, index) => {
    const row = Math.floor(index / columns);
    const group = Math.floor((row * groups) / rows);
    const square = inputs?.[group * columns + (index - row * columns)] ?? 1;
    return Math.abs(value) * (isDead[group] ? 1 : Math.sqrt(square));
  });
}

/** Whether the inputs of each group are all 0. */
export function deadGroups(inputs: Float64Array | undefined, groups: number): boolean[] {
  const size = (inputs?.length ?? 0) / groups;
  return Array.from({ length: groups }, (_, group) =>
    Boolean(inputs?.subarray(group * size, (group + 1) * size).every((square) => square === 0)),
  );
}

/** The scores that need evidence. */
export const learnedScores: readonly ScoreType[] = [
  {
    type: 'gradient',
    /** How fast the loss changes with the weight. */
    score: (values, _, __, { gradient }: Evidence) => each(values, gradient, (___, g) => Math.abs(g)),
    needs: 'gradients',
    words: 'by gradient',
  },
  {
    type: 'taylor',
    /**
     * By how much the loss changes without the weight, to first order.
     * Source: P. Molchanov et al., "Importance estimation for neural network pruning", CVPR 2019.
     */
    score: (values, _, __, { gradient }: Evidence) => each(values, gradient, (w, g) => Math.abs(w * g)),
    needs: 'gradients',
    words: 'by first-order Taylor expansion',
  },
  {
    type: 'snip',
    /**
     * The share of the weight in all sensitivities, from one batch: meant for a network that was not trained yet.
     * Source: N. Lee et al., "SNIP: single-shot network pruning based on connection sensitivity", ICLR 2019.
     */
    score: (values, _, __, { gradient, total = 0 }: Evidence) =>
      each(values, gradient, (w, g) => (total === 0 ? 0 : Math.abs(w * g) / total)),
    needs: 'gradients',
    examples: 128,
    words: 'by connection sensitivity (SNIP)',
  },
  {
    type: 'fisher',
    /**
     * The mean over examples of (w · g)², g the gradient of the example: the diagonal of the empirical Fisher information.
     * Source: L. Theis et al., "Faster gaze prediction with dense networks and Fisher pruning", 2018.
     */
    score: (values, _, __, { squares }: Evidence) => each(values, squares, (w, square) => w * w * square),
    needs: 'example-gradients',
    words: 'by Fisher information',
  },
  {
    type: 'movement',
    /**
     * What the training moved away from 0 stays: -Σ lr · w · g over its steps.
     * Source: V. Sanh et al., "Movement pruning: adaptive sparsity by fine-tuning", NeurIPS 2020.
     */
    score: (values, _, __, { movement }: Evidence) => each(values, movement, (___, moved) => moved),
    needs: 'movement',
    words: 'by movement',
  },
  {
    type: 'wanda',
    /** As the pass `wanda` scores weights, ranked in the scope of the pass instead of each row. */
    score: (values, { parameter }, _, { inputs }: Evidence) =>
      Float32Array.from(weightsByInputs(values, parameter.shape[0] ?? 1, inputs)),
    needs: 'inputs',
    words: 'by weight and input (Wanda)',
  },
];

/** Deep compression: few weights, few values, and few bits for what is left. */
import { cluster } from '../cluster/cluster.ts';
import { integerOption, numberOption, optionsOf } from '../recipe/options.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import type { Step } from '../recipe/run.ts';
import { prune } from '../prune/prune.ts';

/** Options of `deepCompression`. */
export interface DeepCompressionOptions {
  /** Share of the weights to drop, all tensors together. Default: 0.95. */
  readonly sparsity?: number;
  /** Bits of a code (see `cluster`). Default: 4. */
  readonly bits?: number;
  /** Epochs in which weights go, and the rest makes up for them. Default: 15. */
  readonly epochs?: number;
}

/**
 * The steps of deep compression: weights go gradually, all tensors competing, then those that are left share few values, which
 * are trained once more. What they come to is smallest in a file that is entropy-coded (`saveOptimized({ entropy: true })`).
 * Source: S. Han, H. Mao and W. Dally, "Deep Compression", ICLR 2016.
 * @throws {RecipeError} for options that it does not know, and as its passes do.
 *
 * @example
 * await runRecipe(model, deepCompression({ sparsity: 0.94 }), { data: { train } })
 */
export function deepCompression(options: DeepCompressionOptions = {}): Step[] {
  optionsOf('deepCompression', options, ['sparsity', 'bits', 'epochs']);
  const { sparsity = 0.95, bits = 4, epochs = 15 } = options;
  numberOption('deepCompression', 'sparsity', sparsity, { least: 0, below: 1 });
  integerOption('deepCompression', 'epochs', epochs, 0);
  // Decay in the gradient, which Adam scales with it: what is of no use shrinks, and goes first.
  const training = (share: number, lr: number): TrainingConfig => ({
    epochs: Math.round(epochs * share),
    optimizer: { type: 'adam', lr, weightDecay: 1e-4 },
  });
  return [
    prune({
      sparsity,
      scope: 'global',
      maximum: Math.max(0.995, sparsity),
      schedule: 'cubic',
      train: training(1, 1e-3),
    }),
    cluster({ bits, train: training(0.2, 3e-4) }),
  ];
}

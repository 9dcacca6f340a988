/** How rows train what they compress. */
import type { TrainingConfig } from '@espalier/optimize';

/**
 * The decay is in the gradient: Adam scales it as it does the gradient, so that weights and units without a use shrink and are the
 * first to go, which AdamW's does not.
 */
export const decaying = (epochs: number, lr = 1e-3): TrainingConfig => ({
  epochs,
  optimizer: { type: 'adam', lr, weightDecay: 1e-4 },
});

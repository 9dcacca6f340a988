/** The fine-tuning pass. */
import type { Json, Module } from '@espalier/nn';
import type { Pass, PassPlan, StepConfig } from '../recipe/pass.ts';
import { checkTraining, trainedFor } from '../recipe/training.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';

/**
 * Trains the model on its labels, as earlier passes left it: what was pruned stays gone, and what was quantized is trained
 * under its rounding.
 *
 * @example
 * finetune({ epochs: 3, optimizer: { type: 'adam', lr: 1e-4 } })
 */
export function finetune(options: TrainingConfig = {}): Pass {
  checkTraining('finetune', options);
  const config: StepConfig = { type: 'finetune', ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module): Promise<PassPlan> {
    return {
      summary: 'train on the labels',
      apply: async () => ({
        model,
        training: {},
        finalize: async (training) => ({ config, summary: `train on the labels${trainedFor(training)}`, details: {} }),
      }),
    };
  }

  const train = Object.keys(options).length > 0 ? options : undefined;
  return { config, train, needs: 'training', effects: ['weights'], plan };
}

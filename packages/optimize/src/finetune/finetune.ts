/** The fine-tuning pass. */
import type { Json, Module } from '@espalier/nn';
import { optionsOf } from '../recipe/options.ts';
import type { Pass, PassPlan, StepConfig } from '../recipe/pass.ts';
import { defaultTraining, trainingOptionNames, type TrainingConfig } from '../recipe/training.ts';

/**
 * Trains the model on its labels, as earlier passes left it: what was pruned stays gone, and what was quantized is trained
 * under its rounding.
 *
 * @example
 * finetune({ epochs: 3, optimizer: { type: 'adam', lr: 1e-4 } })
 */
export function finetune(options: TrainingConfig = {}): Pass {
  optionsOf('finetune', options, trainingOptionNames);
  const config: StepConfig = { type: 'finetune', ...(options as object as { readonly [option: string]: Json }) };
  const summary = `train for ${options.epochs ?? defaultTraining.epochs} epochs`;

  async function plan(model: Module): Promise<PassPlan> {
    return {
      summary,
      apply: async () => ({
        model,
        training: { config: Object.keys(options).length > 0 ? options : undefined },
        finalize: async () => ({ config, summary, details: {} }),
      }),
    };
  }

  return { config, needs: 'training', effects: ['weights'], plan };
}

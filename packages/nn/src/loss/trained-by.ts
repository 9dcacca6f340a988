/** By which loss a model was trained: what later training, of a pruned copy for one, has to go on with. */
import { check, checkOptional } from '@espalier/tensor/arguments';
import { aLoss } from '../config/rules.ts';
import type { Module } from '../module/module.ts';
import type { LossFunction } from './loss.ts';
import { aModule } from '../module/rule.ts';

const known = new WeakMap<Module, LossFunction>();

/**
 * The loss that a model was trained by: noted by `fit`, passed on to clones, and kept in the folder of a saved model if it
 * is one of `lossTypes`. Undefined if nothing is known.
 */
export function trainedBy(model: Module): LossFunction | undefined {
  check('trainedBy', 'model', model, aModule);
  return known.get(model);
}

/** Notes the loss that a model was trained by, for who trains without `fit`; undefined forgets it. */
export function noteTrainedBy(model: Module, loss: LossFunction | undefined): void {
  check('noteTrainedBy', 'model', model, aModule);
  checkOptional('noteTrainedBy', 'loss', loss, aLoss);
  if (loss) known.set(model, loss);
  else known.delete(model);
}

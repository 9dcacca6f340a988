/** Models that are looked at while they may be in training. */
import { check } from '@espalier/tensor/arguments';
import type { Module } from './module.ts';
import { aModule } from './rule.ts';

/**
 * Puts a model into evaluation. The function returned puts it back: each part of it into the mode that it was in.
 * @throws {ArgumentError} for what is no model.
 */
export function enterEvaluation(model: Module): () => void {
  check('enterEvaluation', 'model', model, aModule);
  const training = [...model.namedModules().values()].filter((module) => module.training);
  model.eval();
  // Only what was on is switched on again, one by one: parts of a model may have been frozen in evaluation.
  return () => {
    for (const module of training) module.setTraining(true);
  };
}

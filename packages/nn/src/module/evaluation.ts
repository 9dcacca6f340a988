/** Models that are looked at while they may be in training. */
import type { Module } from './module.ts';

/** Puts a model into evaluation. The function returned puts it back. */
export function enterEvaluation(model: Module): () => void {
  const training = [...model.namedModules().values()].filter((module) => module.training);
  model.eval();
  // Only what was on is switched on again, one by one: parts of a model may have been frozen in evaluation.
  return () => {
    for (const module of training) module.setTraining(true);
  };
}

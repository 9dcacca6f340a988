/** Models that are measured while they are trained. */
import type { Module } from '../module/module.ts';

/** Runs `body` with a model in evaluation mode, and puts it back. */
export async function inEvaluation<T>(model: Module, body: () => Promise<T>): Promise<T> {
  const training = [...model.namedModules().values()].filter((module) => module.training);
  model.eval();
  try {
    return await body();
  } finally {
    // Only what was on is switched on again, one by one: parts of a model may have been frozen in evaluation.
    for (const module of training) module.setTraining(true);
  }
}

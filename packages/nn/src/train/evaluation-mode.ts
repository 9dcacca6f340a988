/** Models that are measured while they are trained. */
import { enterEvaluation } from '../module/evaluation.ts';
import type { Module } from '../module/module.ts';

/** Runs `body` with a model in evaluation mode, and puts it back. */
export async function inEvaluation<T>(model: Module, body: () => Promise<T>): Promise<T> {
  const leave = enterEvaluation(model);
  try {
    return await body();
  } finally {
    leave();
  }
}

import type { Json, Module } from '@espalier/nn';
import { recordsJson, runRecipe } from '@espalier/optimize';
import type { OptimizationData, Pass } from '@espalier/optimize';
import { saveOptimized } from '@espalier/optimize/node';
import { follow } from './follow.ts';
import type { JobContext } from './job.ts';
import { loadModelFolder } from './load-model.ts';
import type { Trained } from './train-stage.ts';

/** A pass to carry out on a saved model. */
export interface OptimizeSetup {
  readonly from: string;
  readonly folder: string;
  /** The pass, once the model is known. */
  readonly pass: (model: Module) => Pass;
  readonly data: OptimizationData;
  readonly seed: number;
  /** Of the pass's training. */
  readonly epochs: number;
  readonly metadata?: { readonly [key: string]: Json };
}

/** Loads a model, carries out a pass on it, and saves what came of it with the record of everything done so far. */
export async function optimizeModel(setup: OptimizeSetup, context: JobContext): Promise<Trained> {
  const { from, folder, pass, data, seed, epochs } = setup;
  const { model, metadata, optimization } = await loadModelFolder(from, { device: context.device });
  const { signal, note, curve } = follow(context, epochs);
  const { model: made, records } = await runRecipe(model, [pass(model)], {
    data,
    seed,
    // Whatever the folder knows of its training: images have classes.
    loss: 'cross-entropy',
    signal,
    onProgress: ({ step, steps, loss }) => note(step, steps, loss),
  });
  const before = Array.isArray(optimization) ? (optimization as readonly Json[]) : [];
  await saveOptimized(folder, made, {
    metadata: { ...metadata, ...setup.metadata },
    optimization: [...before, ...recordsJson(records)],
  });
  return { curve: curve() };
}

/** What the jobs that carry out passes have in common: a saved model comes in, another goes out with its record. */
import type { Json, Module } from '@espalier/nn';
import { recordsJson, runRecipe, type OptimizationData } from '@espalier/optimize';
import { saveOptimized } from '@espalier/optimize/node';
import { heldOutOf, partsOf, usualHoldOut } from '../../data/hold-out.ts';
import type { Data } from '../../data/source.ts';
import { follow } from '../../jobs/follow.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { Trained } from '../../jobs/jobs.ts';
import { lossGoingOn } from '../../jobs/learning-loss.ts';
import type { Task } from '../../task/task.ts';
import { loadModelFolder } from '../load-model.ts';

/** Passes to carry out on a saved model. */
export interface OptimizeSetup {
  readonly from: string;
  readonly folder: string;
  /** What the model is for. */
  readonly task: Task;
  /** The passes, once the model is known. */
  readonly steps: (model: Module) => Parameters<typeof runRecipe>[1];
  /** What passes that train learn from; those that the model was not shown are left out of it, and judge. */
  readonly data?: Pick<Data, 'train' | 'validate'>;
  readonly seed: number;
  /** Of the passes' training. */
  readonly epochs: number;
  readonly metadata?: { readonly [key: string]: Json };
}

/** The examples to learn from, and those to judge by: that the model was not shown, if its folder says so; else a part of the former. */
function splitFor(data: NonNullable<OptimizeSetup['data']>, metadata: OptimizeSetup['metadata']): OptimizationData {
  const known = heldOutOf(metadata ?? {});
  const { train, validate } = partsOf(data, known ?? usualHoldOut(data.train));
  return { train: known === undefined ? data.train : train, validate };
}

/** Loads a model, carries out passes on it, and saves what came of it with the record of everything done so far. */
export async function optimizeModel(setup: OptimizeSetup, context: JobContext): Promise<Trained> {
  const { from, folder, task, steps, seed, epochs } = setup;
  const { model, metadata, optimization } = await loadModelFolder(from, { device: context.device });
  const data = setup.data ? splitFor(setup.data, metadata) : {};
  const { signal, note, curve } = follow(context, epochs);
  const { model: made, records } = await runRecipe(model, steps(model), {
    data,
    seed,
    // Whatever else the folder knows of its training.
    loss: lossGoingOn(task, model),
    signal,
    onProgress: ({ step, steps: total, loss }) => note(step, total, loss),
  });
  const before = Array.isArray(optimization) ? (optimization as readonly Json[]) : [];
  await saveOptimized(folder, made, {
    metadata: { ...metadata, ...setup.metadata },
    optimization: [...before, ...recordsJson(records)],
  });
  return { curve: curve() };
}

import { prune } from '@espalier/optimize';
import type { Importance } from '@espalier/optimize';
import { imageData } from './image-data.ts';
import type { JobContext } from './job.ts';
import { optimizeModel } from './optimize-model.ts';
import type { Trained } from './train-stage.ts';

/** A saved model to prune. */
export interface PruneInput {
  readonly source: string;
  readonly from: string;
  readonly folder: string;
  readonly method: Importance;
  /** The part of the weights that becomes zero. */
  readonly sparsity: number;
  readonly scope: 'global' | 'local';
  readonly epochs: number;
  readonly lr: number;
  readonly batch: number;
  readonly seed: number;
}

/** Prunes a model gradually while training it on, and saves what is left. */
export async function pruneStage(input: PruneInput, context: JobContext): Promise<Trained> {
  const { source, from, folder, method, sparsity, scope, epochs, lr, batch, seed } = input;
  const { train } = await imageData(source, context.device);
  const training = { epochs, batchSize: batch, optimizer: { type: 'adam', lr }, schedule: 'cosine' };
  const pass = prune({ method, sparsity, scope, schedule: 'cubic', train: training });
  return optimizeModel({ from, folder, pass: () => pass, data: { train }, seed, epochs }, context);
}

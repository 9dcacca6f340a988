import { quantize } from '@espalier/optimize';
import type { JobContext } from './job.ts';
import { optimizeModel } from './optimize-model.ts';

/** A saved model to quantize. */
export interface QuantizeInput {
  readonly from: string;
  readonly folder: string;
  readonly weights: 'int8';
  /** Whether each output channel has a scale of its own, or each tensor. */
  readonly granularity: 'channel' | 'tensor';
}

/** Stores a model's weights in fewer bits; zeros stay zeros. */
export async function quantizeStage(input: QuantizeInput, context: JobContext): Promise<null> {
  const { from, folder, weights, granularity } = input;
  const pass = quantize({ weights, granularity });
  await optimizeModel({ from, folder, pass: () => pass, data: {}, seed: 0, epochs: 1 }, context);
  return null;
}

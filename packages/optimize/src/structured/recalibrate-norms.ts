/** New running moments for norms over examples, after what they see has changed. */
import { batches, evenBatchSize, type Dataset, type Module } from '@espalier/nn';
import { aDataset, aModule } from '@espalier/nn/arguments';
import { noGrad, scope } from '@espalier/tensor';
import { aPositiveInteger, check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import { spreadExamples } from '../calibration/examples.ts';

/** How norms are looked after. */
export interface RecalibrateOptions {
  /** How many examples they see, spread evenly over the data. Default: 4,096. */
  readonly examples?: number;
  /** About how many at once. Default: 64. */
  readonly batchSize?: number;
}

const rules: OptionRules<RecalibrateOptions> = { examples: aPositiveInteger, batchSize: aPositiveInteger };

/**
 * Lets the modules of a model that keep moments of what they have seen (buffers) follow what they see now; all others are
 * called as in evaluation, and no weight changes. Gives how many modules that were.
 *
 * @example
 * await recalibrateNorms(model, train);
 */
export async function recalibrateNorms(
  model: Module,
  data: Dataset,
  options: RecalibrateOptions = {},
): Promise<number> {
  check('recalibrateNorms', 'model', model, aModule);
  check('recalibrateNorms', 'data', data, aDataset);
  const { examples = 4096, batchSize = 64 } = checkOptions('recalibrateNorms', options, rules);
  const following = [...model.namedModules().values()].filter((module) => module.namedBuffers({ own: true }).size > 0);
  model.eval();
  if (following.length === 0 || data.size === 0) return 0;
  const rows = spreadExamples(data.size, examples);
  for (const module of following) module.setTraining(true);
  try {
    for (const part of batches(rows, evenBatchSize(rows.length, batchSize))) {
      const { x, y } = await data.batch(part);
      const output = scope(() => noGrad(() => model.call(x)));
      // What is assigned is computed with it.
      await output.realize();
      for (const tensor of [x, y, output]) tensor.dispose();
    }
  } finally {
    model.eval();
  }
  return following.length;
}

/** New running moments for norms over examples, after what they see has changed. */
import { BatchNorm, callContext, type CallSite, type Dataset, type Module } from '@espalier/nn';
import { aDataset, aModule } from '@espalier/nn/arguments';
import { noGrad, scope } from '@espalier/tensor';
import { aPositiveInteger, check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import { spreadExamples } from '../calibration/examples.ts';
import { SeenMoments } from './seen-moments.ts';

/** How norms are looked after. */
export interface RecalibrateOptions {
  /** How many examples they see, spread evenly over the data. Default: 4,096. */
  readonly examples?: number;
  /** About how many at once, each time some from all over the data. Default: 64. */
  readonly batchSize?: number;
}

const rules: OptionRules<RecalibrateOptions> = { examples: aPositiveInteger, batchSize: aPositiveInteger };

/**
 * Gives the batch norms of a model the mean moments of what they see now, whatever those were before; other modules that keep
 * something of what they have seen (buffers) follow it as in training. All others are called as in evaluation, and no weight
 * changes. Gives how many modules that were: none where there is one example, of which nothing varies.
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
  const rows = spreadExamples(data.size, examples);
  if (following.length === 0 || rows.length < 2) return 0;
  const norms = new Map<Module, SeenMoments>();
  for (const module of following)
    if (module instanceof BatchNorm && module.options.momentum > 0) norms.set(module, await SeenMoments.of(module));
  const output = (_: unknown, { module }: CallSite): void => norms.get(module)?.wasCalled();
  const taps = [{ at: (_: string, module: Module) => norms.has(module), output }];
  for (const module of following) module.setTraining(true);
  try {
    for (const part of interleaved(rows, batchSize)) {
      const { x, y } = await data.batch(part);
      const made = scope(() => noGrad(() => model.call(x, callContext({ taps }))));
      // What is assigned is computed with it.
      await made.realize();
      for (const norm of norms.values()) await norm.add(part.length);
      for (const tensor of [x, y, made]) tensor.dispose();
    }
  } finally {
    for (const norm of norms.values()) norm.settle();
    model.eval();
  }
  return following.length;
}

/** Numbers of examples in batches, each from all over them: neighbours are often of one class. */
function interleaved(rows: Int32Array<ArrayBuffer>, batchSize: number): Int32Array<ArrayBuffer>[] {
  // Of one example alone nothing varies.
  const count = Math.min(Math.ceil(rows.length / batchSize), Math.floor(rows.length / 2));
  return Array.from({ length: count }, (_, at) => rows.filter((__, index) => index % count === at));
}

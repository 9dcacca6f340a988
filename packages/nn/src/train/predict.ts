/** Outputs of a model for many examples. */
import { compile, concat, noGrad, type Tensor } from '@espalier/tensor';
import { checkOptions } from '@espalier/tensor/arguments';
import { prepared, type Dataset, type Loaded } from '../data/dataset.ts';
import { batches, evenBatchSize, inOrder } from '../data/order.ts';
import { callContext } from '../module/call-context.ts';
import type { Module } from '../module/module.ts';
import { breather } from './breathe.ts';
import { checkMeasuring } from './check-options.ts';
import { inEvaluation } from './evaluation-mode.ts';
import { evaluateRules, type EvaluateOptions } from './evaluator.ts';
import { throwIfAborted } from './signal.ts';

/** The outputs for all examples of a dataset, in order, in evaluation mode: [examples, ...]. */
export async function predict(model: Module, data: Dataset, options: EvaluateOptions = {}): Promise<Tensor> {
  const { batchSize = 500, signal, taps } = checkOptions('predict', options, evaluateRules);
  checkMeasuring('predict', model, data, batchSize);
  const context = taps && callContext({ taps });
  const step = compile((loaded: Loaded) => noGrad(() => model.call(prepared('predict', data, loaded).x, context)));
  try {
    const outputs = await inEvaluation(model, async () => {
      const pause = breather(100);
      const made: Tensor[] = [];
      for (const part of batches(inOrder(data.size), evenBatchSize(data.size, batchSize))) {
        throwIfAborted(signal);
        const loaded = await data.load(part);
        made.push(step(loaded));
        for (const tensor of Object.values(loaded)) tensor.dispose();
        await pause();
      }
      return made;
    });
    const joined = await concat(outputs).realize();
    for (const output of outputs) if (output !== joined) output.dispose();
    return joined;
  } finally {
    step.dispose();
  }
}

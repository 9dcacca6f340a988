/** The job that measures a saved model: loaded anew, so that what is measured is what was written. */
import { evaluate, type Json } from '@espalier/nn';
import { measureCost } from '@espalier/optimize';
import { folderBytes } from '@espalier/optimize/node';
import { openData } from '../../data/source.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { MeasureInput, Measured } from '../../jobs/jobs.ts';
import { signalOf } from '../../jobs/signal.ts';
import { weightsByClass } from '../../jobs/learning-loss.ts';
import { taskNamed } from '../../task/task.ts';
import { loadModelFolder } from '../load-model.ts';

/** The sentences of a model's `optimization.json`. */
function passesIn(optimization: Json | undefined): readonly string[] {
  if (!Array.isArray(optimization)) return [];
  return optimization.flatMap((record) => {
    const summary: unknown = Reflect.get(Object(record), 'summary');
    return typeof summary === 'string' ? [summary] : [];
  });
}

/** Loads a model from its folder, evaluates it on the test examples, and measures what it costs. */
export async function measure(input: MeasureInput, context: JobContext): Promise<Measured> {
  const { source, folder, latency } = input;
  const { device, onProgress } = context;
  const task = taskNamed(input.task);
  const data = await openData(source, device);
  const { train, test, input: inputShape } = data;
  const { model, optimization } = await loadModelFolder(folder, { device });
  const values = await evaluate(model, test, task.metrics, { signal: signalOf(context) });
  onProgress(1, 2, latency ? 'latency' : '');
  const cost = await measureCost(model, { inputShape, latency });
  onProgress(2, 2, '');
  const classWeights = weightsByClass(model, data);
  return {
    ...task.figures(values),
    images: test.size,
    passes: passesIn(optimization),
    trainImages: train.size,
    parameters: cost.parameters,
    nonZeros: cost.nonZeros,
    bytes: await folderBytes(folder),
    macs: cost.macs,
    kernels: cost.perParameter.flatMap(({ name, shape, layout, format, kernel }) =>
      kernel ? [{ name, shape, layout, format, ...kernel }] : [],
    ),
    ...(classWeights && { classWeights }),
    ...(cost.latency && { latencyMs: cost.latency.medianMs }),
  };
}

import { confusionMatrix, evaluate } from '@espalier/nn';
import type { Json } from '@espalier/nn';
import { measureCost } from '@espalier/optimize';
import { folderBytes } from '@espalier/optimize/node';
import { InterruptedError } from '../errors.ts';
import type { ModelFigures } from '../report/report-data.ts';
import { imageData } from './image-data.ts';
import type { JobContext } from './job.ts';
import { loadModelFolder } from './load-model.ts';

/** A saved model to measure. */
export interface MeasureInput {
  readonly source: string;
  readonly folder: string;
  /** Whether its latency is measured: not where it is going to be compared, since that is done in turns. */
  readonly latency: boolean;
}

/** How good a saved model is on the test images, and what it costs. */
export interface Measurement extends ModelFigures {
  /** Test images whose class it gets right. */
  readonly correct: number;
  readonly images: number;
  /** What was done to it after its first training, a sentence for each pass. */
  readonly passes: readonly string[];
  /** Milliseconds for one image, if that was to be measured. */
  readonly latencyMs?: number;
  /** How many there are to train on. */
  readonly trainImages: number;
  /** Rows are the true classes, columns the predicted ones. */
  readonly confusion: readonly (readonly number[])[];
}

/** The sentences of a model's `optimization.json`. */
function passesIn(optimization: Json | undefined): readonly string[] {
  if (!Array.isArray(optimization)) return [];
  return optimization.flatMap((record) => {
    const summary: unknown = Reflect.get(Object(record), 'summary');
    return typeof summary === 'string' ? [summary] : [];
  });
}

/** Loads a model from its folder, evaluates it on the test images, and measures what it costs. */
export async function measureStage(
  { source, folder, latency }: MeasureInput,
  context: JobContext,
): Promise<Measurement> {
  const { device, interrupt, onProgress } = context;
  const { train, test, task } = await imageData(source, device);
  const { model, optimization } = await loadModelFolder(folder, { device });
  const signal = {
    get aborted() {
      return interrupt.aborted;
    },
    reason: new InterruptedError(),
  };
  const { matrix } = await evaluate(model, test, { matrix: confusionMatrix }, { signal });
  onProgress(1, 2, latency ? 'latency' : '');
  const cost = await measureCost(model, { inputShape: [task.channels, task.height, task.width], latency });
  onProgress(2, 2, '');
  const accuracy = matrix.accuracy();
  return {
    accuracy,
    correct: Math.round(accuracy * test.size),
    images: test.size,
    passes: passesIn(optimization),
    trainImages: train.size,
    macroF1: matrix.f1('macro'),
    parameters: cost.parameters,
    nonZeros: cost.nonZeros,
    bytes: await folderBytes(folder),
    macs: cost.macs,
    ...(cost.latency && { latencyMs: cost.latency.medianMs }),
    confusion: matrix.toArray(),
  };
}

import { compareLatency } from '@espalier/optimize';
import type { LatencyRatio } from '@espalier/optimize';

import { InterruptedError } from '../errors.ts';
import { imageData } from './image-data.ts';
import type { JobContext } from './job.ts';
import { loadModelFolder } from './load-model.ts';

/** Saved models whose latency is compared with that of another. */
export interface CompareInput {
  readonly source: string;
  /** The folder of the model that the others are compared with. */
  readonly baseline: string;
  readonly folders: readonly string[];
}

/** How long a model takes for one image, and which part that is of what the baseline takes. */
export interface ComparedLatency {
  readonly latencyMs: number;
  readonly latencyRatio: LatencyRatio;
}

/** What a comparison came to. */
export interface Comparison {
  readonly baselineMs: number;
  /** In the order of the folders. */
  readonly models: readonly ComparedLatency[];
}

/** Times each model in turns with the baseline, one image at a time. */
export async function compareStage(
  { source, baseline, folders }: CompareInput,
  context: JobContext,
): Promise<Comparison> {
  const { device, interrupt, onProgress } = context;
  const { task } = await imageData(source, device);
  const inputShape = [task.channels, task.height, task.width];
  const { model: before } = await loadModelFolder(baseline, { device });
  const baselineMs: number[] = [];
  const models: ComparedLatency[] = [];
  for (const [index, folder] of folders.entries()) {
    if (interrupt.aborted) throw new InterruptedError();
    onProgress(index, folders.length, 'latency');
    const { model } = await loadModelFolder(folder, { device });
    const { baseline: was, latency, ...latencyRatio } = await compareLatency(before, model, { inputShape });
    baselineMs.push(was.medianMs);
    models.push({ latencyMs: latency.medianMs, latencyRatio });
  }
  onProgress(folders.length, folders.length, '');
  // Each comparison times the baseline again; the machine may have been slower for one of them.
  return { baselineMs: Math.min(...baselineMs), models };
}

/** The job that compares latencies: models in turns, so that whatever else the machine does meets all of them alike. */
import { compareLatency } from '@espalier/optimize';
import { openData } from '../../data/source.ts';
import { InterruptedError } from '../../errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { CompareInput, ComparedLatency, Comparison } from '../../jobs/jobs.ts';
import { loadModelFolder } from '../load-model.ts';

/**
 * Times each model in turns with the baseline, one example at a time.
 * @throws {InterruptedError} when the user asks to stop.
 */
export async function compare({ source, baseline, folders }: CompareInput, context: JobContext): Promise<Comparison> {
  const { device, interrupt, onProgress } = context;
  const { input: inputShape } = await openData(source, device);
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

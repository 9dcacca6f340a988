import type { Session } from '../cli/session.ts';
import { InterruptedError } from '../errors.ts';
import type { ComparedLatency } from '../pipeline/compare-stage.ts';
import type { Measurement } from '../pipeline/measure-stage.ts';
import type { InputOf, Jobs } from '../pipeline/jobs.ts';
import { figures } from '../report/figures.ts';
import { formatLatencyRatio } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { withRunner } from '../workers/runner.ts';
import { measureModel } from './measured.ts';
import type { ModelOptions } from './model-options.ts';

/** A measured model with the latency that a comparison gave it. */
type Timed = Measurement & Pick<ComparedLatency, 'latencyMs'>;

/** A model made from another, both measured. */
export interface Transformed extends Pick<ComparedLatency, 'latencyRatio'> {
  readonly folder: string;
  readonly before: Timed;
  readonly after: Timed;
}

/** Makes one saved model from another by a job, and measures both. */
export async function transform<Name extends keyof Jobs>(
  session: Session,
  { data: source, output: folder, device = 'auto' }: ModelOptions,
  from: string,
  job: Name,
  input: InputOf<Name>,
): Promise<Transformed> {
  try {
    return await withRunner(session, device, async (runner) => {
      const before = await measureModel(session, runner, from, source, false);
      const bar = session.progress.start(job, 1);
      await runner.run(job, input, (done, total, note) => bar.update(done / total, note));
      bar.finish();
      const after = await measureModel(session, runner, folder, source, false);
      const { baselineMs, models } = await runner.run('compare', { source, baseline: from, folders: [folder] });
      const [compared] = models as [ComparedLatency];
      return {
        folder,
        before: { ...before, latencyMs: baselineMs },
        after: { ...after, latencyMs: compared.latencyMs },
        latencyRatio: compared.latencyRatio,
      };
    });
  } catch (error) {
    // Nothing was written yet, so to go on is to start anew.
    throw session.interrupt.aborted ? new InterruptedError() : error;
  }
}

/** Prints what a model was and what became of it. */
export function showTransformed(session: Session, transformed: Transformed): void {
  session.result(transformed, () => {
    const { before, after, folder, latencyRatio } = transformed;
    const cells = [
      ...figures.map(([name, text]) => [name, text(before), text(after)]),
      ['of before', '', formatLatencyRatio(latencyRatio)],
    ];
    const columns = [
      { heading: '' },
      { heading: 'before', align: 'right' },
      { heading: 'after', align: 'right' },
    ] as const;
    return `${renderTable(columns, cells, session.stdout)}\n\nwritten to ${folder}`;
  });
}

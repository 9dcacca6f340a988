import type { Session } from '../cli/session.ts';
import { InterruptedError } from '../errors.ts';
import type { Measurement } from '../pipeline/measure-stage.ts';
import type { InputOf, Jobs } from '../pipeline/jobs.ts';
import { formatBytes, formatCount, formatMilliseconds, formatPercent } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { withRunner } from '../workers/runner.ts';
import { measureModel } from './measured.ts';
import type { ModelOptions } from './model-options.ts';

/** A model made from another, both measured. */
export interface Transformed {
  readonly folder: string;
  readonly before: Measurement;
  readonly after: Measurement;
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
      const before = await measureModel(session, runner, from, source);
      const bar = session.progress.start(job, 1);
      await runner.run(job, input, (done, total, note) => bar.update(done / total, note));
      bar.finish();
      return { folder, before, after: await measureModel(session, runner, folder, source) };
    });
  } catch (error) {
    // Nothing was written yet, so to go on is to start anew.
    throw session.interrupt.aborted ? new InterruptedError() : error;
  }
}

const rows: readonly (readonly [string, (measured: Measurement) => string])[] = [
  ['test accuracy', ({ accuracy }) => formatPercent(accuracy)],
  ['macro-F1', ({ macroF1 }) => macroF1.toFixed(4)],
  ['parameters', ({ parameters }) => formatCount(parameters)],
  ['non-zeros', ({ nonZeros }) => formatCount(nonZeros)],
  ['on disk', ({ bytes }) => formatBytes(bytes)],
  ['latency', ({ latencyMs }) => formatMilliseconds(latencyMs)],
];

/** Prints what a model was and what became of it. */
export function showTransformed(session: Session, transformed: Transformed): void {
  session.result(transformed, () => {
    const { before, after, folder } = transformed;
    const cells = rows.map(([name, text]) => [name, text(before), text(after)]);
    const columns = [
      { heading: '' },
      { heading: 'before', align: 'right' },
      { heading: 'after', align: 'right' },
    ] as const;
    return `${renderTable(columns, cells, session.stdout)}\n\nwritten to ${folder}`;
  });
}

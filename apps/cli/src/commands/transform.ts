/**
 * What the commands share that make one saved model from another: both are measured, since a claim without its
 * counterpart says nothing.
 */
import { join } from 'node:path';
import {
  filesOfSource,
  type ComparedLatency,
  type InputOf,
  type Jobs,
  type Judgement,
  type Runner,
} from '@espalier/pipeline';
import { folderBytes } from '@espalier/optimize/node';
import type { Session } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { InterruptedError } from '../errors.ts';
import { formatOf } from '../files/model-file.ts';
import type { Taught } from '../files/own-data.ts';
import { writeFolderAs, type Origin } from '../files/write-made.ts';
import { bytesOfFile } from '../files/write-model.ts';
import { checkOutputFile } from '../output/output-file.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { withTemporaryFolder } from '../output/temporary-folder.ts';
import { classFigures, costFigures } from '../report/figures.ts';
import { judgedFigure } from '../report/judged-cells.ts';
import { formatLatencyRatio } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { measureModel, measureOf, type JudgedModel, type Measurement } from './measured.ts';
import type { ModelOptions } from './model-options.ts';

/** A measured model with the latency that a comparison gave it. */
type Timed = (Measurement | JudgedModel) & Pick<ComparedLatency, 'latencyMs'>;

/** A model made from another, both measured. */
export interface Transformed extends Pick<ComparedLatency, 'latencyRatio'> {
  readonly folder: string;
  readonly before: Timed;
  readonly after: Timed;
  /** What is reached without a network, where the model says how its data was prepared. */
  readonly baselines?: readonly Judgement[];
  /** What a file does not say of it, in words. */
  readonly notes?: readonly string[];
}

/** What one saved model is made from another by. */
export interface Transformation<Name extends keyof Jobs> {
  /** The folder of the model. */
  readonly from: string;
  /** What the model was named by. */
  readonly origin: Origin;
  readonly job: Name;
  /** The job's input, given where to write. */
  readonly input: (folder: string) => InputOf<Name>;
  /** What it is measured by, and perhaps trained on. */
  readonly lesson: Taught;
  /** Other files that are read. */
  readonly sources?: readonly string[];
  /** The name of the command, where it is not that of the job. */
  readonly command?: string;
}

/** What a model is given beside twice the bytes of the one that it is made from. */
const leastBytes = 65_536;

/** All that is read. */
const sourcesOf = <Name extends keyof Jobs>({
  from,
  lesson,
  sources = [],
}: Transformation<Name>): readonly string[] => [from, ...filesOfSource(lesson.source), ...sources];

/** Makes one saved model from another by a job, and measures both; what is named as a file is made a file. */
export async function transform<Name extends keyof Jobs>(
  session: Session,
  options: ModelOptions,
  how: Transformation<Name>,
): Promise<Transformed> {
  const { output: path, overwrite = false } = options;
  const format = formatOf(path);
  if (format === undefined) return transformFolder(session, options, how);
  const file = { path, format, overwrite, sources: sourcesOf(how) };
  await checkOutputFile(file);
  return withTemporaryFolder(async (folder) => {
    const made = await transformFolder(session, { ...options, output: join(folder, 'model') }, how);
    const notes = await writeFolderAs(file, made.folder, how.origin);
    const bytes = bytesOfFile(path);
    return { ...made, folder: path, after: { ...made.after, bytes }, ...(notes.length > 0 && { notes }) };
  });
}

async function transformFolder<Name extends keyof Jobs>(
  session: Session,
  { output: path, device = 'auto', overwrite = false }: ModelOptions,
  how: Transformation<Name>,
): Promise<Transformed> {
  const { from, lesson, job, input, command = job } = how;
  const { source } = lesson;
  const bytes = leastBytes + 2 * (await folderBytes(from));
  const request = { path, command, overwrite, sources: sourcesOf(how), bytes };
  try {
    return await withWorkers(
      session,
      device,
      (runner) =>
        withOutputFolder({ ...request, profiling: session.profiling }, async ({ work, complete }) => {
          const measured = await measureBefore(session, runner, from, lesson);
          const bar = session.progress.start(command, 1);
          await runner.run(job, input(work), (done, total, note) => bar.update(done / total, note));
          bar.finish();
          await complete();
          const { before, after, ...besides } = await measured(path);
          const { baselineMs, models } = await runner.run('compare', { source, baseline: from, folders: [path] });
          const [compared] = models as [ComparedLatency];
          return {
            folder: path,
            before: { ...before, latencyMs: baselineMs },
            after: { ...after, latencyMs: compared.latencyMs },
            latencyRatio: compared.latencyRatio,
            ...besides,
          };
        }),
      [from],
      source,
    );
  } catch (error) {
    // Nothing was written yet, so to go on is to start anew.
    throw session.interrupt.aborted ? new InterruptedError() : error;
  }
}

/** What both models are, once the second is there: the first is measured before anything is done, so that what does not fit is told then. */
async function measureBefore(
  session: Session,
  runner: Runner,
  from: string,
  lesson: Taught,
): Promise<
  (
    path: string,
  ) => Promise<Pick<Transformed, 'baselines'> & Readonly<Record<'before' | 'after', Measurement | JudgedModel>>>
> {
  const { source } = lesson;
  if (!lesson.isPrepared) {
    const before = await measureModel(session, runner, from, source, false);
    return async (path) => ({ before, after: await measureModel(session, runner, path, source, false) });
  }
  const was = await measureOf(session, runner, from, lesson);
  return async (path) => {
    const is = await measureOf(session, runner, path, lesson);
    const [first, second, ...baselines] = await runner.run('judge', { source, folders: [from, path] });
    const judged = (each: Judgement | undefined) => ({
      metrics: each?.metrics ?? {},
      intervals: each?.intervals ?? {},
    });
    return { before: { ...was, ...judged(first) }, after: { ...is, ...judged(second) }, baselines };
  };
}

/** How good both models are, in the metrics of their task. */
function metricCells(before: Timed, after: Timed): readonly (readonly [string, string, string])[] {
  if ('accuracy' in before && 'accuracy' in after)
    return classFigures.map(([name, text]) => [name, text(before), text(after)]);
  if (!('metrics' in before && 'metrics' in after)) return [];
  return Object.keys(before.metrics).map((name) => [name, judgedFigure(before, name), judgedFigure(after, name)]);
}

/** Prints what a model was and what became of it. */
export function showTransformed(session: Session, transformed: Transformed): void {
  session.result(transformed, () => {
    const { before, after, folder, latencyRatio, notes = [] } = transformed;
    const cells = [
      ...metricCells(before, after),
      ...costFigures.map(([name, text]) => [name, text(before), text(after)]),
      ['of before', '', formatLatencyRatio(latencyRatio)],
    ];
    const columns = [
      { heading: '' },
      { heading: 'before', align: 'right' },
      { heading: 'after', align: 'right' },
    ] as const;
    return `${renderTable(columns, cells, session.stdout)}\n${notes.map((note) => `\n${note}`).join('')}\nwritten to ${folder}`;
  });
}

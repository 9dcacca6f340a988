/** A run whose models, state and report are in a folder. */
import { join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { runPipeline } from '../pipeline/run.ts';
import type { Workshop } from '../pipeline/stage.ts';
import { openRunState } from './run-state.ts';

/** The name of the file that holds the report of a run, exactly as the stage `report` made it. */
export const reportFile = 'report.json';

/** What a run in a folder has to work with. */
export interface FolderRun extends Omit<Workshop, 'state' | 'versions'> {
  /** What the run is started with, stages and their options aside: a run under another one is not gone on with. */
  readonly fingerprint: string;
  /** Versions that the report names beside that of Node. */
  readonly versions?: Readonly<Record<string, string>>;
}

/**
 * Runs a pipeline in a folder, going on with what is done there if asked to; writes the report, where there is one, as
 * JSON. Gives what all stages came to, by name.
 * @throws {UsageError} when the pipeline cannot run, or there is nothing to resume.
 * @throws {InterruptedError} when the host asks to stop; what is done is kept for a later run with `resume`.
 */
export async function runInFolder(pipeline: Pipeline, run: FolderRun): Promise<Readonly<Record<string, unknown>>> {
  const { fingerprint, folder, resume } = run;
  const state = await openRunState(folder, fingerprint, resume);
  const versions = { ...run.versions, node: process.versions.node };
  const outputs = await runPipeline(pipeline, { ...run, state, versions });
  const { report } = outputs;
  if (report !== undefined) await writeFileAtomic(join(folder, reportFile), `${JSON.stringify(report, null, 2)}\n`);
  return outputs;
}

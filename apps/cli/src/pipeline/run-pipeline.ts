import { join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import type { Session } from '../cli/session.ts';
import { version } from '../cli/version.ts';
import type { Recipe } from '../recipe/schema.ts';
import { reportPage } from '../report/html/page.ts';
import { rowNames } from '../report/report-data.ts';
import type { CurvePoint, ReportRow, RowName, RunReport } from '../report/report-data.ts';
import { formatPercent } from '../terminal/format.ts';
import type { Runner } from '../workers/runner.ts';
import { compressStage } from './compress-stage.ts';
import type { Comparison } from './compare-stage.ts';
import type { Measurement } from './measure-stage.ts';
import { openRunState } from './run-state.ts';
import type { SearchOutcome } from './search-stage.ts';
import { runSearch, searchJournal } from './run-search.ts';
import { sharedBar } from './shared-bar.ts';

/** What a run needs. */
export interface PipelineSetup {
  readonly session: Session;
  readonly runner: Runner;
  readonly recipe: Recipe;
  /** Where to write. */
  readonly folder: string;
  /** Goes on with what the folder holds. */
  readonly resume: boolean;
}

type Curves = Partial<Record<RowName, readonly CurvePoint[]>>;

/** What the run of a recipe writes into its folder, besides a folder for each model. */
const reportFiles = ['report.json', 'report.html'] as const;

function folderOf({ folder }: PipelineSetup, name: RowName): string {
  return join(folder, name);
}

async function train(setup: PipelineSetup, { winner }: SearchOutcome): Promise<Curves> {
  const { session, runner, recipe } = setup;
  const bar = sharedBar(session.progress, 'train the winner', 1);
  const folder = folderOf(setup, 'searched');
  const { source } = recipe.data;
  const input = {
    source,
    candidate: winner,
    seed: recipe.seed,
    epochs: recipe.train.epochs,
    folder,
    resume: setup.resume,
  };
  const { curve } = await runner.run('train', input, bar.piece('searched'));
  bar.finish();
  return { searched: curve };
}

/** All models of a run as they were saved. */
interface Measured {
  readonly models: readonly Measurement[];
  /** Of all models but the first, with the first. */
  readonly latencies: Comparison;
}

/** Evaluates each model as it was saved, one after the other, so that nothing disturbs the latency. */
async function measure(setup: PipelineSetup, names: readonly RowName[]): Promise<Measured> {
  const { session, runner, recipe } = setup;
  const { source } = recipe.data;
  const bar = sharedBar(session.progress, 'measure', 2 * names.length);
  const models: Measurement[] = [];
  for (const name of names) {
    const input = { source, folder: folderOf(setup, name), latency: false };
    models.push(await runner.run('measure', input, bar.piece(name)));
  }
  const [baseline = '', ...folders] = names.map((name) => folderOf(setup, name));
  const latencies = await runner.run('compare', { source, baseline, folders }, bar.piece('latency', names.length));
  bar.finish();
  return { models, latencies };
}

function rowsOf(names: readonly RowName[], { models, latencies }: Measured): readonly ReportRow[] {
  const times = [{ latencyMs: latencies.baselineMs }, ...latencies.models];
  return names.flatMap((name, index) => {
    const [model, time] = [models[index], times[index]];
    if (model === undefined || time === undefined) return [];
    const { accuracy, macroF1, parameters, nonZeros, bytes, macs, passes } = model;
    return [{ name, accuracy, macroF1, parameters, nonZeros, bytes, macs, ...time, folder: name, passes }];
  });
}

/**
 * Runs a recipe from its search to its report.
 * @throws InterruptedError when the user stops it; what is done is kept for a later run with `resume`.
 */
export async function runPipeline(setup: PipelineSetup): Promise<RunReport> {
  const { session, runner, recipe, folder, resume } = setup;
  const { kind, description } = runner.device;
  const { output: _, ...followed } = recipe;
  const fingerprint = JSON.stringify({ ...followed, device: kind, espalier: version() });
  const state = await openRunState(folder, fingerprint, resume);

  const search = await state.stage('search', () => runSearch(session, runner, recipe, join(folder, searchJournal)));
  session.log(`  winner: trial ${search.best}, ${formatPercent(search.accuracy)} of the held-out images`);
  const searched = await state.stage('train', () => train(setup, search));
  const compressed = await state.stage('compress', () =>
    compressStage({ session, runner, recipe, folder, state, winner: search.winner }),
  );
  const names = rowNames.filter((name) => name !== 'random-mask' || recipe.prune.baseline);
  const measured = await state.stage('measure', () => measure(setup, names));

  const [winner] = measured.models;
  const { strategy } = recipe.search;
  const report: RunReport = {
    format: 'espalier-report',
    version: 1,
    name: recipe.name,
    seed: recipe.seed,
    device: kind,
    deviceDescription: description,
    rows: rowsOf(names, measured),
    images: { train: winner?.trainImages ?? 0, test: winner?.images ?? 0, validation: recipe.data.validation },
    search: { strategy, trials: search.trials, best: search.best, stopped: search.stopped },
    winner: search.winner,
    curves: { ...searched, ...compressed },
    confusion: winner?.confusion ?? [],
    seconds: Object.fromEntries(
      ['search', 'train', 'compress', 'measure'].map((name) => [name, state.seconds[name] ?? 0]),
    ),
    versions: { espalier: version(), node: process.versions.node },
  };
  const [json, page] = reportFiles;
  await writeFileAtomic(join(folder, json), `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomic(join(folder, page), reportPage(report));
  return report;
}

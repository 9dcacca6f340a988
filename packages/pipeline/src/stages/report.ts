/** The stage in which a report is put together from what the others found. */
import type { Candidate } from '../candidate/candidate.ts';
import type { Judgement } from '../data/judgement.ts';
import type { Stage, StageContext } from '../pipeline/stage.ts';
import type { Curves, Report, ReportRow, ReportSearch } from '../report/report.ts';
import type { SearchOutcome } from '../search/search.ts';
import { defaultTask } from '../task/task.ts';
import type { MeasuredRows } from './measure.ts';

type Metrics = Readonly<Record<string, number>>;

function rowsOf({ names, models, latencies }: MeasuredRows): readonly ReportRow<Metrics>[] {
  const times = [{ latencyMs: latencies.baselineMs }, ...latencies.models];
  return names.flatMap((name, index) => {
    const [model, time] = [models[index], times[index]];
    if (model === undefined || time === undefined) return [];
    const { metrics, parameters, nonZeros, bytes, macs, passes, kernels } = model;
    return [
      {
        name,
        ...metrics,
        parameters,
        nonZeros,
        bytes,
        macs,
        ...time,
        folder: name,
        passes,
        kernels,
      } as ReportRow<Metrics>,
    ];
  });
}

/** How a search went, if there was one. */
function searchOf({ pipeline, inputs }: StageContext): { readonly search?: ReportSearch<string> } {
  const found = inputs['search'] as SearchOutcome<string> | undefined;
  if (found === undefined) return {};
  const { trials, best, stopped } = found;
  const options = pipeline.stages.find(({ stage }) => stage === 'search')?.options;
  return { search: { strategy: String(Reflect.get(Object(options), 'strategy') ?? ''), trials, best, stopped } };
}

/** Puts together what the other stages came to, and measures nothing. */
export const reportStage: Stage = {
  name: 'report',
  options: {},
  inputs: ['measured'],
  optional: ['search', 'winner', 'trained', 'compressed', 'judged'],
  outputs: ['report'],
  run: async (context) => {
    const { pipeline, inputs, runner, state, versions } = context;
    const measured = inputs['measured'] as MeasuredRows;
    const [first] = measured.models;
    const curves = { ...(inputs['trained'] as Curves | undefined), ...(inputs['compressed'] as Curves | undefined) };
    const { seconds } = state;
    const done = pipeline.stages.map(({ stage }) => stage).filter((stage) => seconds[stage] !== undefined);
    const winner = inputs['winner'] as Candidate | undefined;
    const report: Report = {
      format: 'espalier-report',
      version: 2,
      name: pipeline.name,
      task: pipeline.task ?? defaultTask,
      seed: pipeline.seed,
      device: runner.device.kind,
      deviceDescription: runner.device.description,
      rows: rowsOf(measured),
      examples: { train: first?.trainImages ?? 0, test: first?.images ?? 0, validation: pipeline.data.validation },
      ...(first?.classWeights && { classWeights: first.classWeights }),
      ...searchOf(context),
      ...(winner === undefined ? {} : { winner }),
      curves: Object.fromEntries(Object.entries(curves).filter(([, curve]) => curve.length > 0)),
      ...first?.details,
      ...(inputs['judged'] === undefined ? {} : { judged: inputs['judged'] as readonly Judgement[] }),
      seconds: Object.fromEntries(done.map((stage) => [stage, seconds[stage] ?? 0])),
      versions,
    };
    return { report };
  },
};

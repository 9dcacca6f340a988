/** @espalier/pipeline: from data to a report, in stages that are open to whoever wants others. */
export { fits, imageShape, modelConfig, parametersOf, studentOf, trainingBytes } from './candidate/architecture.ts';
export type { ImageShape } from './candidate/architecture.ts';
export { candidateOf, candidateProblem } from './candidate/candidate.ts';
export type { Architecture, Candidate, OptimizerChoice } from './candidate/candidate.ts';
export { architectureSlots, initialiserSlot, optimizerSlots, trainingSlots } from './candidate/dimensions.ts';
export type { ArchitectureDimension } from './candidate/dimensions.ts';
export { searchSpace } from './candidate/search-space.ts';
export type { ParameterSpec, SpaceRecipe } from './candidate/search-space.ts';
export { checkSource, filesOfSource, openData, registerSource, sourceNames } from './data/source.ts';
export type { Data, DataSource, SourceUse } from './data/source.ts';
export { FailedError, InterruptedError, NoDeviceError, UsageError } from './errors.ts';
export type { PipelineErrorCode } from './errors.ts';
export type { Place } from './errors.ts';
export {
  numberAbove,
  numberBetween,
  numberWithin,
  oneOf,
  optional,
  problemOf,
  problemText,
  text,
  unknownName,
  wholeNumber,
} from './fields.ts';
export type { Branches, Field, Fields, Problem } from './fields.ts';
export { createInterrupt, quietHost } from './host/host.ts';
export type { Bar, Host, Interrupt, Progress } from './host/host.ts';
export { deviceKinds, openDevice } from './host/open-device.ts';
export type { DeviceKind, OpenedDevice } from './host/open-device.ts';
export { registerJob } from './jobs/job.ts';
export type { Job, JobContext, JobType, ProgressListener } from './jobs/job.ts';
export type {
  CompareInput,
  ComparedLatency,
  Comparison,
  DistillInput,
  InputOf,
  Jobs,
  Lesson,
  MeasureInput,
  Measured,
  OptimizeInput,
  OutputOf,
  PruneInput,
  QuantizeInput,
  TrainInput,
  Trained,
  TrialInput,
} from './jobs/jobs.ts';
export { inlineRunner } from './jobs/runner.ts';
export type { Runner } from './jobs/runner.ts';
export { checkPipeline } from './pipeline/check.ts';
export type { Pipeline, RowUse, StageUse } from './pipeline/pipeline.ts';
export { registerRow, rowTypes } from './pipeline/row.ts';
export type { RowContext, RowType } from './pipeline/row.ts';
export { runPipeline } from './pipeline/run.ts';
export { registerStage, stageNames } from './pipeline/stage.ts';
export type { Stage, StageContext, Workshop } from './pipeline/stage.ts';
export { createRunState } from './pipeline/state.ts';
export type { RunState, StageDone } from './pipeline/state.ts';
export { quickstartPipeline } from './quickstart.ts';
export type { DataRecipe, DistillRecipe, PruneRecipe, Recipe } from './quickstart.ts';
export type {
  ClassMetrics,
  CurvePoint,
  Curves,
  ModelCost,
  ModelFigures,
  Report,
  ReportRow,
  ReportSearch,
  ReportTrial,
  RunReport,
} from './report/report.ts';
export type { DistillOptions } from './rows/distill.ts';
export type { PruneOptions } from './rows/prune.ts';
export type { QuantizeOptions } from './rows/quantize.ts';
export { recipeStrategies } from './search/recipe.ts';
export type { SearchRecipe } from './search/recipe.ts';
export { journalFile, runSearch } from './search/run-search.ts';
export type { SearchRun } from './search/run-search.ts';
export { searchCandidates } from './search/search.ts';
export type { SearchOutcome, SearchSetup } from './search/search.ts';
export type { MeasuredRows } from './stages/measure.ts';
export { registerTask, taskNames } from './task/task.ts';
export type { Figures, Score, Task } from './task/task.ts';
export { nearest, suggestion } from './text/did-you-mean.ts';
export { firstLine } from './text/first-line.ts';
export { formatPercent } from './text/percent.ts';
export { systemProblem } from './text/system-problem.ts';

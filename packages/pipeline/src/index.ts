/** @espalier/pipeline: from data to a report, in stages that are open to whoever wants others. */
export { fits, imageShape, modelConfig, parametersOf, studentOf, type ImageShape } from './candidate/architecture.ts';
export {
  architectureNamed,
  architectureNames,
  registerArchitecture,
  trainingBytes,
  type ArchitectureType,
  type ModelShape,
} from './candidate/architecture-type.ts';
export type { Architecture, ArchitectureChoice, Candidate } from './candidate/candidate.ts';
export { candidateOf, candidateProblem } from './candidate/check-candidate.ts';
export {
  activationSlot,
  architectureSlots,
  initialiserSlot,
  trainingSlots,
  type ArchitectureDimension,
} from './candidate/dimensions.ts';
export { optimizerProblem, optimizerSlot, type OptimizerProblem } from './candidate/optimizers.ts';
export { searchSpace, type ParameterBranches, type ParameterSpec, type SpaceRecipe } from './candidate/search-space.ts';
export type { Again, Interval, Judge, Judgement, Points, PredictedColumn, Question } from './data/judgement.ts';
export {
  checkSource,
  filesOfSource,
  lessonAgain,
  openData,
  registerSource,
  isWholeSource,
  sourceNames,
  type Data,
  type DataSource,
  type SourceUse,
  type Lesson,
} from './data/source.ts';
export { checkClassWeights, classWeightsField, type ClassWeights } from './data/class-weights.ts';
export {
  FailedError,
  InterruptedError,
  NoDeviceError,
  UsageError,
  type PipelineErrorCode,
  type Place,
} from './errors.ts';
export {
  knownName,
  numberAbove,
  numberBetween,
  numberWithin,
  oneOf,
  optional,
  problemOf,
  problemText,
  refusal,
  text,
  unknownName,
  wholeNumber,
  type Branches,
  type Checked,
  type Field,
  type Fields,
  type Problem,
} from './fields.ts';
export { createInterrupt, quietHost, type Bar, type Host, type Interrupt, type Progress } from './host/host.ts';
export { deviceKinds, openDevice, type DeviceKind, type OpenedDevice } from './host/open-device.ts';
export { registerJob, type Job, type JobContext, type JobType, type ProgressListener } from './jobs/job.ts';
export type {
  AskInput,
  Predicted,
  PredictInput,
  Assessed,
  CompareInput,
  ComparedLatency,
  Comparison,
  ContinueInput,
  DistillInput,
  InputOf,
  Jobs,
  JudgeInput,
  MeasureInput,
  Measured,
  OptimizeInput,
  OutputOf,
  PruneInput,
  QuantizeInput,
  ReachedGoals,
  ReachGoalsInput,
  TrainInput,
  Trained,
  TrialInput,
} from './jobs/jobs.ts';
export { inlineRunner, type Runner } from './jobs/runner.ts';
export { checkPipeline } from './pipeline/check.ts';
export type { Pipeline, RowUse, StageUse } from './pipeline/pipeline.ts';
export type { RowContext, RowType } from './pipeline/row.ts';
export { runPipeline } from './pipeline/run.ts';
export type { Stage, StageContext, Workshop } from './pipeline/stage.ts';
export { createRunState, type RunState, type StageDone } from './pipeline/state.ts';
export {
  dataOf,
  quickstartPipeline,
  type DataRecipe,
  type DistillRecipe,
  type PruneRecipe,
  type Recipe,
} from './quickstart.ts';
export type {
  ClassMetrics,
  CurvePoint,
  Curves,
  ModelCost,
  ModelFigures,
  Report,
  ReportRow,
  WeightKernel,
  ReportSearch,
  ReportTrial,
  RunReport,
} from './report/report.ts';
export type { DistillOptions } from './rows/distill.ts';
export { registerRow, rowTypes } from './rows/known.ts';
export type { PruneOptions } from './rows/prune.ts';
export type { QuantizeOptions } from './rows/quantize.ts';
export { mostFolds, recipeStrategies, type SearchRecipe } from './search/recipe.ts';
export { lessonOf } from './pipeline/lesson.ts';
export { journalFile, runSearch, type SearchRun } from './search/run-search.ts';
export { searchCandidates, type SearchOutcome, type SearchSetup } from './search/search.ts';
export { registerStage, stageNames } from './stages/known.ts';
export type { MeasuredRows } from './stages/measure.ts';
export { registerTask, taskNames, type Figures, type Score, type Task } from './task/task.ts';
export { nearest, suggestion } from './text/did-you-mean.ts';
export { firstLine } from './text/first-line.ts';
export { formatPercent } from './text/percent.ts';
export { systemProblem } from './text/system-problem.ts';

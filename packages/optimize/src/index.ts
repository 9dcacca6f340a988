/** @espalier/optimize: prune, quantize and distil models until they fit a budget. */
export {
  budgetLoop,
  type Attempt,
  type BudgetOptions,
  type BudgetResult,
  type BudgetState,
  type BudgetStop,
  type BudgetTrial,
} from './budget/budget-loop.ts';
export { paretoFront, type Tradeoff } from './budget/front.ts';
export type { Goal } from './budget/goal.ts';
export { nextKnob, type KnobDecision, type KnobOutcome, type KnobRange } from './budget/knob.ts';
export { qualityMetrics, type Quality, type QualityMetric, type TargetKind } from './budget/quality.ts';
export { limitedCosts, parseLimit, type Costs, type LimitedCost, type Limits } from './budget/limit.ts';
export { cluster, type ClusterOptions } from './cluster/cluster.ts';
export { codebookOf, setCodebook, type CodebookView, type SharedValues } from './cluster/codebook-view.ts';
export { compress, type Compressed, type CompressOptions } from './compress.ts';
export {
  compareLatency,
  type ComparisonOptions,
  type LatencyComparison,
  type LatencyRatio,
  type LatencyVerdict,
} from './cost/compare-latency.ts';
export { studentQuantile } from './goal/quantile.ts';
export { measureCost, type Cost, type CostOptions } from './cost/cost.ts';
export { wilsonInterval, type ProportionInterval } from './cost/interval.ts';
export { measureLatency, type Latency, type LatencyOptions } from './cost/latency.ts';
export { medianInterval, type MedianInterval } from './cost/median-interval.ts';
export type { ParameterCost } from './cost/parameter-cost.ts';
export type { TimingOptions } from './cost/stopwatch.ts';
export type { TeacherCache } from './distill/cache/teacher-cache.ts';
export type { Course, CourseOptions, CourseShape } from './distill/course.ts';
export { distill } from './distill/distill.ts';
export { distillationLoss, type DistillationLossOptions, type DistillationMix } from './distill/distillation-loss.ts';
export type { ExitOptions } from './distill/exits.ts';
export { matchLosses, registerMatchLoss, type MatchLossType } from './distill/match/losses.ts';
export type { MatchOptions } from './distill/match/match.ts';
export type { DistillOptions, LessonOptions, TeacherChorus, WeakTeacher } from './distill/options.ts';
export type { TeacherChoice, TeacherModel, TeacherOptions } from './distill/teachers.ts';
export { encode, type EncodeOptions } from './encode/encode.ts';
export {
  goalMetrics,
  registerMetric,
  type GoalMetric,
  type Hits,
  type MetricType,
  type QualityContext,
} from './goal/metric.ts';
export { parseGoal, printGoal, type Bound, type GoalClause } from './goal/text.ts';
export type { Amount, Quantity } from './goal/unit.ts';
export type { GoalVerdict, Verdict } from './goal/verdict.ts';
export { optimize, type Optimized } from './loop/optimize.ts';
export { minimizedCosts, type BestModel, type MinimizedCost, type OptimizeOptions } from './loop/options.ts';
export type { WeightReport } from './loop/layers.ts';
export type { FrontPoint, OptimizationReport, OptimizationStop } from './loop/report.ts';
export { memoryStore, type LoopStore } from './loop/store.ts';
export type { FailureKind, LoopTrial, TrialFailure } from './loop/trial.ts';
export { decodeSymbols, encodeSymbols } from './entropy/symbols.ts';
export { GoalError, RecipeError, type OptimizeErrorCode } from './errors.ts';
export { finetune } from './finetune/finetune.ts';
export { lowRank, type LowRankOptions } from './low-rank/low-rank.ts';
export type { EncodedDescription } from './layout/encoded-weight.ts';
export type { InputDescription } from './layout/weight-inputs.ts';
export type { ViewedDescription } from './layout/viewed-weight.ts';
export { formatNames, registerFormat } from './layout/formats.ts';
export { materialize, restore, type MaterializedWeight, type WeightDescription } from './layout/materialize.ts';
export {
  packWeights,
  storedBytes,
  unpackWeights,
  type PackOptions,
  type ModelWeights,
  type WeightDescriptions,
} from './layout/model-file.ts';
export { loadOptimizedFrom, type LoadOptimizedOptions, type OptimizedModel } from './layout/optimized-files.ts';
export { layoutNames, type LayoutName } from './layout/weight-layout.ts';
export type { PruneScope } from './prune/allocate.ts';
export type { Evidence, ScoreNeed } from './prune/evidence.ts';
export { importances, registerScore, type Importance, type Scorer, type ScoreType } from './prune/importance.ts';
export { lottery, type LotteryOptions } from './prune/lottery.ts';
export { MaskView, maskOf, setMask } from './prune/mask-view.ts';
export type { PruneOptions } from './prune/options.ts';
export type { PrunePattern } from './prune/pattern.ts';
export type { PerTensor } from './selection/per-tensor.ts';
export { prune } from './prune/prune.ts';
export {
  maskUpdates,
  scheduleShapes,
  type MaskUpdate,
  type PruningSchedule,
  type ScheduleShape,
} from './prune/schedule.ts';
export {
  numberFormat,
  numberFormats,
  registerNumberFormat,
  type NumberFormat,
  type WeightFormat,
} from './quantize/number-format.ts';
export type { Observer, RangeCodes, ValueRange } from './quantize/observers/observer.ts';
export { createObserver, observerTypes, type ObserverConfig } from './quantize/observers/observers.ts';
export type { ActivationOptions } from './quantize/activations/round-activations.ts';
export type { Granularity, QuantizeOptions } from './quantize/options.ts';
export {
  dequantizeTensor,
  quantizeTensor,
  type QuantizedTensor,
  type QuantizeTensorOptions,
} from './quantize/quantize-tensor.ts';
export { QuantizeView, quantizationOf, setQuantization } from './quantize/quantize-view.ts';
export { quantize } from './quantize/quantize.ts';
export { quantizeCache, type QuantizeCacheOptions } from './quantize/quantize-cache.ts';
export type { OptimizationData } from './recipe/data.ts';
export {
  mixed,
  parseRecipe,
  passTypes,
  recipeJson,
  registerPass,
  type PassType,
  type RecipeModels,
  type StepJson,
} from './recipe/parse.ts';
export type {
  AppliedPass,
  Dimension,
  Effect,
  OrderRule,
  Pass,
  PassContext,
  PassKnob,
  PassNeed,
  PassPlan,
  PassProgress,
  PassRecord,
  PassSpace,
  StepConfig,
  TrainingPart,
} from './recipe/pass.ts';
export {
  checkRecipe,
  runRecipe,
  together,
  type RecipeOptions,
  type RecipeResult,
  type Step,
  type Together,
} from './recipe/run.ts';
export type { GivenLoss, TaskLoss } from './recipe/task-loss.ts';
export type { TrainingConfig, TrainingRecord } from './recipe/training-config.ts';
export { formatModels, formatReport } from './report/table.ts';
export { notesOn } from './report/notes.ts';
export { recordsJson, reportJson, type CompressionReport, type ModelReport } from './report/report.ts';
export { presetNames, presets, type Preset, type PresetName } from './recipe/presets.ts';
export { recipeSchema } from './recipe/recipe-schema.ts';
export type { NamedParameter, ParameterFilter } from './selection/parameter-filter.ts';
export type { CalibratedOptions } from './second-order/calibrated-pass.ts';
export {
  dropColumns,
  type DropColumnsOptions,
  type DroppedColumns,
  type MeasuredColumns,
} from './second-order/drop-columns.ts';
export { gptq, type GptqOptions } from './second-order/gptq.ts';
export type { NumberOptions } from './second-order/numbers.ts';
export type { PatternOptions } from './second-order/pattern.ts';
export { sparseGpt, type SparseGptOptions } from './second-order/sparse-gpt.ts';
export { wanda, type WandaOptions } from './second-order/wanda.ts';
export type { SensitivityOptions } from './sensitivity/measure.ts';
export type { MeasuredLayer, MeasuredOption, MeasuredTable, RefusedOption } from './sensitivity/measured-table.ts';
export { formatSensitivity, sensitivity } from './sensitivity/sensitivity.ts';
export { allocate, type AllocatedOption, type Allocation, type AllocationBudget } from './sensitivity/allocate.ts';
export { mixedOptions, type MixedOptions } from './sensitivity/mixed.ts';
export type { SensitivityLayer, SensitivityOption, SensitivityTable } from './sensitivity/table.ts';
export { awq, type AwqOptions } from './rounding/awq.ts';
export { hqq, type HqqOptions } from './rounding/hqq.ts';
export { fold } from './fold/fold.ts';
export { equalize, type EqualizeOptions } from './scaling/equalize.ts';
export { smoothQuant, type SmoothQuantOptions } from './scaling/smooth-quant.ts';
export type { ShrinkScope } from './structured/choose-units.ts';
export { dropLayers, type DropLayersOptions } from './structured/drop-layers.ts';
export { modelWidths } from './structured/model-widths.ts';
export type { ShrinkOptions } from './structured/options.ts';
export { recalibrateNorms, type RecalibrateOptions } from './structured/recalibrate-norms.ts';
export { shrink } from './structured/shrink.ts';
export type { ModelWidths, WholeAxis, Width, WidthKind, WidthMember } from './structured/widths.ts';
export { copyModel, materializeModel, strip } from './views/copy.ts';
export { registerView, type SavedView, type ViewType } from './views/view-type.ts';

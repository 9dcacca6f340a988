export {
  ConfigError,
  ExhaustedError,
  FormatError,
  ObjectiveError,
  PendingError,
  SpaceChangedError,
  SpaceError,
  StaleClaimError,
  StorageError,
  StorageLockedError,
  StudyError,
} from './errors.ts';
export type { ConfigIssue, StudyErrorCode } from './errors.ts';
export type { JsonObject, JsonValue } from './json.ts';

export { choice } from './space/choice.ts';
export type { ArchitectureStep, BranchConfig, ConfigOf, Fields, ItemOf } from './space/config-of.ts';
export { defineByRun } from './space/define-by-run.ts';
export type { DefinedSpace, Draw } from './space/define-by-run.ts';
export { space } from './space/define-space.ts';
export { float, int } from './space/kinds/number.ts';
export type { NumberOptions } from './space/kinds/number.ts';
export { neighbours } from './space/neighbours.ts';
export type { Neighbour } from './space/neighbours.ts';
export type {
  ArchitectureNode,
  BranchNode,
  Choose,
  ConfigObject,
  ConfigValue,
  GroupNode,
  ListNode,
  PermutationNode,
  SpaceChange,
  SpaceNode,
} from './space/node.ts';
export { fromUnit, toUnit } from './space/number-scale.ts';
export type { ChoiceParameter, NumberParameter, Parameter, ParameterValue } from './space/parameter.ts';
export { editSequence } from './space/edits.ts';
export { graph, graphOutputs, list, permutation } from './space/sequences.ts';
export type { GraphOptions, LengthOptions } from './space/sequences.ts';
export { Space, sampleParameter, spaceFromJson } from './space/space.ts';
export type { ActiveParameter, SpaceJson } from './space/space.ts';
export { crossover, mutate, mutateParameter } from './space/variation.ts';
export type { MutationOptions } from './space/variation.ts';

export { RandomStream } from './random/random-stream.ts';

export { genetic } from './strategies/genetic.ts';
export type { GeneticOptions } from './strategies/genetic.ts';
export { greedy } from './strategies/greedy.ts';
export type { GreedyOptions } from './strategies/greedy.ts';
export { random } from './strategies/random.ts';
export { firstFresh, freshSample } from './strategies/fresh.ts';
export { defineStrategy } from './strategies/strategy.ts';
export type {
  Decision,
  Exhausted,
  Strategy,
  StrategyDefinition,
  StrategyFactory,
  StrategyInput,
  Resumption,
  Suggestion,
  Wait,
} from './strategies/strategy.ts';

export { defineEarlyStopping } from './early-stopping/early-stopping.ts';
export type {
  EarlyStopping,
  EarlyStoppingDefinition,
  EarlyStoppingFactory,
  EarlyStoppingInput,
  StopAdvice,
} from './early-stopping/early-stopping.ts';
export type { JsonOptions, Plugin, PluginDefinition } from './plugin.ts';

export { all, any } from './stop/combine.ts';
export { exhausted } from './stop/exhausted.ts';
export { maxTime } from './stop/max-time.ts';
export { maxTrials } from './stop/max-trials.ts';
export { patience } from './stop/patience.ts';
export type { StopCondition, StopState, StopVerdict } from './stop/stop-condition.ts';
export { target } from './stop/target.ts';

export type {
  AmendEvent,
  AppendedEvent,
  ClaimEvent,
  ClaimedEvent,
  DuplicatePolicy,
  EnqueueEvent,
  FinishEvent,
  PauseEvent,
  ReleaseEvent,
  ReportEvent,
  ResumeEvent,
  SaveEvent,
  StartEvent,
  StoredEvent,
  StudyEvent,
  StudyRecord,
} from './storage/events.ts';
export { memoryStorage } from './storage/memory.ts';
export { openStorage } from './storage/open-storage.ts';
export type { Claim, Claimant, ClaimToken, Storage } from './storage/storage.ts';

export { createStudy, openStudy } from './study/create-study.ts';
export type { OpenStudyOptions, StudyOptions } from './study/create-study.ts';
export { History } from './study/history.ts';
export type { Constraint, MetricOf, Objective } from './study/objective.ts';
export { TrialFailure, TrialPruned } from './study/outcome.ts';
export type { Outcome, Result } from './study/outcome.ts';
export { crowdingDistance, dominates, isBetter, nonDominatedSort, rankTrials } from './study/ranking.ts';
export type { Criteria } from './study/ranking.ts';
export { replay } from './study/replay.ts';
export type { ReplayDifference, ReplayResult } from './study/replay.ts';
export type { NamedVerdict, ObjectiveFunction, RunEvent, RunOptions, RunResult, Stopped } from './study/run.ts';
export type { Study } from './study/study.ts';
export type { AskOptions } from './study/study.ts';
export type { Trial } from './study/trial.ts';
export type {
  Budget,
  Checkpoint,
  Failure,
  FailureKind,
  Metrics,
  Origin,
  Report,
  TrialRecord,
  TrialState,
} from './study/trial-record.ts';

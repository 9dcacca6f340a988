/**
 * @espalier/search: spaces of configs, strategies that search them, and studies that last; nothing here knows what a
 * trial does.
 */
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
  ValueError,
  type ConfigIssue,
  type SearchErrorCode,
  type StorageErrorCode,
  type StorageErrorOptions,
  type StudyErrorCode,
} from './errors.ts';
export { brief, quote } from './checked/quote.ts';
export { own, type JsonObject, type JsonValue } from './json.ts';

export { choice } from './space/choice.ts';
export type { ArchitectureStep, BranchConfig, ConfigOf, Fields, ItemOf } from './space/config-of.ts';
export { defineByRun, type DefinedSpace, type Draw } from './space/define-by-run.ts';
export { space } from './space/define-space.ts';
export { float, int, type NumberOptions } from './space/kinds/number.ts';
export { neighbours, type Neighbour } from './space/neighbours.ts';
export type {
  ArchitectureNode,
  BranchNode,
  Choose,
  ConfigObject,
  ConfigValue,
  GroupNode,
  ListNode,
  PermutationNode,
  SpaceNode,
} from './space/node.ts';
export type { SpaceChange } from './space/space-change.ts';
export { fromUnit, toUnit } from './space/number-scale.ts';
export type { ChoiceParameter, NumberParameter, Parameter, ParameterValue } from './space/parameter.ts';
export { editSequence } from './space/edits.ts';
export { graph, graphOutputs, list, permutation, type GraphOptions, type LengthOptions } from './space/sequences.ts';
export { Space, isSpace, sampleParameter, spaceFromJson, type ActiveParameter, type SpaceJson } from './space/space.ts';
export { polynomialMove, simulatedBinary } from './space/operators.ts';
export {
  crossover,
  mutate,
  mutateParameter,
  onePointCrossover,
  resampleParameter,
  simulatedBinaryCrossover,
  type Crossover,
  type Mutation,
  type MutationOptions,
  type SimulatedBinaryOptions,
} from './space/variation.ts';

export { RandomStream } from './random/random-stream.ts';

export { cmaEs, type CmaEsOptions } from './strategies/cma-es/cma-es.ts';
export { agingEvolution, type AgingEvolutionOptions } from './strategies/aging-evolution.ts';
export { beam, type BeamOptions } from './strategies/beam.ts';
export { coordinateDescent, type CoordinateDescentOptions } from './strategies/coordinate-descent.ts';
export { grow, type GrowOptions } from './strategies/grow.ts';
export { bohb, type BohbOptions } from './strategies/multi-fidelity/bohb.ts';
export { dehb, type DehbOptions } from './strategies/multi-fidelity/dehb.ts';
export type { SamplerOption } from './strategies/multi-fidelity/sampler.ts';
export {
  asha,
  hyperband,
  successiveHalving,
  type HalvingOptions,
  type SuccessiveHalvingOptions,
} from './strategies/multi-fidelity/successive-halving.ts';
export { nsga2, type Nsga2Options } from './strategies/nsga2.ts';
export { nsga3, type Nsga3Options } from './strategies/nsga3.ts';
export {
  populationBasedTraining,
  type PopulationBasedTrainingOptions,
} from './strategies/population-based-training.ts';
export { adaptive, type AdaptiveMember, type AdaptiveOptions } from './strategies/adaptive.ts';
export { auto, chooseStrategy, type AutoOptions, type ChosenStrategy } from './strategies/auto.ts';
export { genetic, type GeneticOptions } from './strategies/genetic.ts';
export { gp, type GpOptions } from './strategies/gp/gp.ts';
export { greedy, type GreedyOptions } from './strategies/greedy.ts';
export { grid, type GridOptions } from './strategies/grid.ts';
export { random } from './strategies/random.ts';
export { sobol, type SobolOptions } from './strategies/sobol.ts';
export { firstFresh, freshProposal, freshSample } from './strategies/fresh.ts';
export {
  defineStrategy,
  type Decision,
  type Exhausted,
  type Strategy,
  type StrategyDefinition,
  type StrategyFactory,
  type StrategyInput,
  type Resumption,
  type Suggestion,
  type Wait,
} from './strategies/strategy.ts';
export { tpe, type TpeOptions } from './strategies/tpe/tpe.ts';

export {
  defineEarlyStopping,
  type EarlyStopping,
  type EarlyStoppingDefinition,
  type EarlyStoppingFactory,
  type EarlyStoppingInput,
  type StopAdvice,
} from './early-stopping/early-stopping.ts';
export {
  ashaStopping,
  hyperbandStopping,
  type AshaStoppingOptions,
  type HyperbandStoppingOptions,
} from './early-stopping/halving.ts';
export { patienceStopping, type PatienceStoppingOptions } from './early-stopping/patience.ts';
export {
  medianStopping,
  percentileStopping,
  type MedianStoppingOptions,
  type PercentileStoppingOptions,
} from './early-stopping/percentile.ts';
export { hyperbandBrackets, rungSteps, type Bracket, type RungOptions } from './early-stopping/rungs.ts';
export { thresholdStopping, type ThresholdStoppingOptions } from './early-stopping/threshold.ts';
export { hypervolume } from './multi-objective/hypervolume.ts';
export { dasDennis } from './multi-objective/reference-directions.ts';
export type { JsonOptions, Plugin, PluginDefinition } from './plugin.ts';
export { earlyStoppingNamed, earlyStoppingNames, strategyNamed, strategyNames } from './plugin-registry.ts';

export { all, any } from './stop/combine.ts';
export { exhausted } from './stop/exhausted.ts';
export { maxCost } from './stop/max-cost.ts';
export { maxFailures } from './stop/max-failures.ts';
export { maxTime } from './stop/max-time.ts';
export { maxTrials } from './stop/max-trials.ts';
export { patience } from './stop/patience.ts';
export { plateau } from './stop/plateau.ts';
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
export { indexedDbStorage } from './storage/indexed-db.ts';
export { memoryStorage, existingStudy, missingStudy } from './storage/memory.ts';
export { openStorage } from './storage/open-storage.ts';
export {
  registerStorage,
  storageForms,
  storageSchemes,
  storageType,
  type StorageType,
} from './storage/storage-types.ts';
export { shownUrl, withoutSecrets } from './storage/shown-url.ts';
export type { Claim, Claimant, ClaimToken, Storage } from './storage/storage.ts';

// What a storage is built from.
export { oneAtATime } from './one-at-a-time.ts';
export { eventsProblem, recordProblem, refuseUnreadable } from './checked/stored.ts';
export { logStorage, type LogEntry, type LogStorageOptions } from './storage/log-storage.ts';
export { lossOf, objection, stateAfter, type Slot } from './storage/study-log.ts';
export type { KeepAlive } from './storage/keep-alive.ts';
export { renewClaims } from './study/keep-claims.ts';

export { createStudy, openStudy, type OpenStudyOptions, type StudyOptions } from './study/create-study.ts';
export { History } from './study/history.ts';
export type { Constraint, MetricOf, Objective, Unit } from './study/objective.ts';
export { TrialFailure, TrialPruned, type Outcome, type Result } from './study/outcome.ts';
export { crowdingDistance, dominates, isBetter, nonDominatedSort, rankTrials, type Criteria } from './study/ranking.ts';
export { importance, type ImportanceOptions } from './study/importance.ts';
export { race, type RaceEntry, type RaceOptions } from './study/race.ts';
export { replay, type ReplayDifference, type ReplayResult } from './study/replay.ts';
export type {
  AskOptions,
  NamedVerdict,
  ObjectiveFunction,
  RunEvent,
  RunOptions,
  RunResult,
  Stopped,
} from './study/run-options.ts';
export type { Study } from './study/study.ts';
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

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
} from './errors.ts';
export type { ConfigIssue, SearchErrorCode, StorageErrorCode, StorageErrorOptions, StudyErrorCode } from './errors.ts';
export { brief, quote } from './checked/quote.ts';
export { own } from './json.ts';
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
export { Space, isSpace, sampleParameter, spaceFromJson } from './space/space.ts';
export type { ActiveParameter, SpaceJson } from './space/space.ts';
export { polynomialMove, simulatedBinary } from './space/operators.ts';
export {
  crossover,
  mutate,
  mutateParameter,
  onePointCrossover,
  resampleParameter,
  simulatedBinaryCrossover,
} from './space/variation.ts';
export type { Crossover, Mutation, MutationOptions, SimulatedBinaryOptions } from './space/variation.ts';

export { RandomStream } from './random/random-stream.ts';

export { cmaEs } from './strategies/cma-es/cma-es.ts';
export type { CmaEsOptions } from './strategies/cma-es/cma-es.ts';
export { agingEvolution } from './strategies/aging-evolution.ts';
export type { AgingEvolutionOptions } from './strategies/aging-evolution.ts';
export { beam } from './strategies/beam.ts';
export type { BeamOptions } from './strategies/beam.ts';
export { coordinateDescent } from './strategies/coordinate-descent.ts';
export type { CoordinateDescentOptions } from './strategies/coordinate-descent.ts';
export { grow } from './strategies/grow.ts';
export type { GrowOptions } from './strategies/grow.ts';
export { bohb } from './strategies/multi-fidelity/bohb.ts';
export type { BohbOptions } from './strategies/multi-fidelity/bohb.ts';
export { dehb } from './strategies/multi-fidelity/dehb.ts';
export type { DehbOptions } from './strategies/multi-fidelity/dehb.ts';
export type { SamplerOption } from './strategies/multi-fidelity/sampler.ts';
export { asha, hyperband, successiveHalving } from './strategies/multi-fidelity/successive-halving.ts';
export type { HalvingOptions, SuccessiveHalvingOptions } from './strategies/multi-fidelity/successive-halving.ts';
export { nsga2 } from './strategies/nsga2.ts';
export type { Nsga2Options } from './strategies/nsga2.ts';
export { nsga3 } from './strategies/nsga3.ts';
export type { Nsga3Options } from './strategies/nsga3.ts';
export { populationBasedTraining } from './strategies/population-based-training.ts';
export type { PopulationBasedTrainingOptions } from './strategies/population-based-training.ts';
export { adaptive } from './strategies/adaptive.ts';
export type { AdaptiveMember, AdaptiveOptions } from './strategies/adaptive.ts';
export { auto, chooseStrategy } from './strategies/auto.ts';
export type { AutoOptions, ChosenStrategy } from './strategies/auto.ts';
export { genetic } from './strategies/genetic.ts';
export type { GeneticOptions } from './strategies/genetic.ts';
export { gp } from './strategies/gp/gp.ts';
export type { GpOptions } from './strategies/gp/gp.ts';
export { greedy } from './strategies/greedy.ts';
export type { GreedyOptions } from './strategies/greedy.ts';
export { grid } from './strategies/grid.ts';
export type { GridOptions } from './strategies/grid.ts';
export { random } from './strategies/random.ts';
export { sobol } from './strategies/sobol.ts';
export type { SobolOptions } from './strategies/sobol.ts';
export { firstFresh, freshProposal, freshSample } from './strategies/fresh.ts';
export { defineStrategy } from './strategies/strategy.ts';
export { tpe } from './strategies/tpe/tpe.ts';
export type { TpeOptions } from './strategies/tpe/tpe.ts';
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
export { ashaStopping, hyperbandStopping } from './early-stopping/halving.ts';
export type { AshaStoppingOptions, HyperbandStoppingOptions } from './early-stopping/halving.ts';
export { patienceStopping } from './early-stopping/patience.ts';
export type { PatienceStoppingOptions } from './early-stopping/patience.ts';
export { medianStopping, percentileStopping } from './early-stopping/percentile.ts';
export type { MedianStoppingOptions, PercentileStoppingOptions } from './early-stopping/percentile.ts';
export { hyperbandBrackets, rungSteps } from './early-stopping/rungs.ts';
export type { Bracket, RungOptions } from './early-stopping/rungs.ts';
export { thresholdStopping } from './early-stopping/threshold.ts';
export type { ThresholdStoppingOptions } from './early-stopping/threshold.ts';
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
export { memoryStorage } from './storage/memory.ts';
export { openStorage } from './storage/open-storage.ts';
export { registerStorage, storageForms, storageSchemes } from './storage/storage-types.ts';
export type { StorageType } from './storage/storage-types.ts';
export { shownUrl, withoutSecrets } from './storage/shown-url.ts';
export type { Claim, Claimant, ClaimToken, Storage } from './storage/storage.ts';

// What a storage is built from.
export { oneAtATime } from './one-at-a-time.ts';
export { eventsProblem, recordProblem, refuseUnreadable } from './checked/stored.ts';
export { logStorage } from './storage/log-storage.ts';
export type { LogEntry, LogStorageOptions } from './storage/log-storage.ts';
export { existingStudy, missingStudy } from './storage/memory.ts';
export { lossOf, objection, stateAfter } from './storage/study-log.ts';
export type { Slot } from './storage/study-log.ts';
export type { KeepAlive } from './storage/keep-alive.ts';
export { renewClaims } from './study/keep-claims.ts';

export { createStudy, openStudy } from './study/create-study.ts';
export type { OpenStudyOptions, StudyOptions } from './study/create-study.ts';
export { History } from './study/history.ts';
export type { Constraint, MetricOf, Objective, Unit } from './study/objective.ts';
export { TrialFailure, TrialPruned } from './study/outcome.ts';
export type { Outcome, Result } from './study/outcome.ts';
export { crowdingDistance, dominates, isBetter, nonDominatedSort, rankTrials } from './study/ranking.ts';
export type { Criteria } from './study/ranking.ts';
export { importance } from './study/importance.ts';
export type { ImportanceOptions } from './study/importance.ts';
export { race } from './study/race.ts';
export type { RaceEntry, RaceOptions } from './study/race.ts';
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

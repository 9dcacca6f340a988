/** @espalier/nn: layers, losses, optimizers, data and the training loop on @espalier/tensor. */
export { crossEntropy, type CrossEntropyOptions } from '@espalier/tensor';
export { dataset, type Batch, type Dataset, type Loaded, type OwnOrder } from './data/dataset.ts';
export { parseIdx, type IdxArray } from './data/idx.ts';
export { batches, evenBatchSize, inOrder, shuffled } from './data/order.ts';
export { split, subset } from './data/subset.ts';
export { tensorDataset, type HostArray, type TensorDatasetOptions } from './data/tensor-dataset.ts';
export { AbortError, ConfigError, DivergenceError, FormatError, StateError, type NnErrorCode } from './errors.ts';
export {
  fansOf,
  type Fans,
  type Initialiser,
  type InitialiserConfig,
  type InitialiserType,
} from './init/initialiser.ts';
export { gainOf, type FanMode, type Nonlinearity } from './init/scaled.ts';
export { initialise, initialiser, initialiserTypes, registerInitialiser } from './init/table.ts';
export { describeModel } from './io/describe-model.ts';
export {
  buildForValues,
  describeTraining,
  dtypesOf,
  loadModelFrom,
  modelFilesAt,
  readModelFiles,
  restoreTraining,
  encodeModelFiles,
  type LoadedModel,
  type ModelDescription,
  type ModelFileReader,
  type ModelFiles,
  type TrainingDescription,
} from './io/model-files.ts';
export { convertForeign, type ForeignTensor } from './io/foreign.ts';
export { decodeSafetensors, encodeSafetensors, type RawTensor, type Safetensors } from './io/safetensors.ts';
export { placeTensor, rawTensor, readSafetensors, writeSafetensors, type ReadTensors } from './io/tensors.ts';
export type { Json } from './json.ts';
export { Activation, activationNames, type ActivationName, type ActivationType } from './layers/activation.ts';
export { BatchNorm, type BatchNormLayerOptions } from './layers/batch-norm.ts';
export { Conv2d, type Conv2dLayerOptions } from './layers/conv2d.ts';
export { Dropout, type DropoutOptions } from './layers/dropout.ts';
export { Embedding, type EmbeddingOptions } from './layers/embedding.ts';
export { FeedForward, type FeedForwardOptions } from './layers/feed-forward.ts';
export { Flatten } from './layers/flatten.ts';
export { moduleTypes, registerActivation, registerModule } from './layers/known.ts';
export { LayerNorm, type LayerNormLayerOptions } from './layers/layer-norm.ts';
export { Linear, type LinearOptions } from './layers/linear.ts';
export { Pad2d, type Edges, type Pad2dOptions } from './layers/padding.ts';
export {
  AvgPool2d,
  GlobalAvgPool,
  MaxPool2d,
  type AvgPoolLayerOptions,
  type MaxPoolLayerOptions,
  type PoolLayerOptions,
} from './layers/pooling.ts';
export {
  AttentionCache,
  type AttentionCacheOptions,
  type CachePlace,
  type SeenPositions,
} from './attention/attention-cache.ts';
export { keepers, type Keeper, type KeepsPositions, type KeptPerPosition } from './attention/keepers.ts';
export { cacheBytes, cacheNumbers, type CacheNumbers } from './attention/cache-numbers.ts';
export { rotaryFrequencies, type RotaryOptions } from './attention/rotary.ts';
export type { RotaryScaling } from './attention/rotary-scaling.ts';
export { PositionEmbedding, type PositionEmbeddingOptions } from './layers/position-embedding.ts';
export { Residual, type NormOrder, type ResidualParts } from './layers/residual.ts';
export { RmsNorm, type RmsNormLayerOptions } from './layers/rms-norm.ts';
export { SelfAttention, type SelfAttentionOptions } from './layers/self-attention.ts';
export { Sequential } from './layers/sequential.ts';
export { TransformerBlock } from './layers/transformer-block.ts';
export { bceWithLogits, klDivergence, type BceOptions, type KlDivergenceOptions } from './loss/classification.ts';
export type { LossContext, LossFunction } from './loss/loss.ts';
export { huber, l1, mse, type LossOptions } from './loss/regression.ts';
export {
  loss,
  lossConfig,
  lossName,
  lossTypes,
  registerLoss,
  unweighted,
  type LossConfig,
  type LossType,
} from './loss/table.ts';
export { noteTrainedBy, trainedBy } from './loss/trained-by.ts';
export { classWeightsOf, weightedCrossEntropy, type WeightedLoss } from './loss/weighted.ts';
export {
  accuracy,
  confusionMatrix,
  f1,
  precision,
  recall,
  topKAccuracy,
  type AveragingOptions,
} from './metrics/classification.ts';
export { ConfusionMatrix, type Averaging } from './metrics/confusion-matrix.ts';
export { meanLoss } from './metrics/mean-loss.ts';
export type { Metric, Metrics, MetricValues, Statistic } from './metrics/metric.ts';
export type { BuildContext } from './module/build-context.ts';
export { build, cloneModel, type BuildOptions } from './module/build.ts';
export {
  below,
  callContext,
  type CallContext,
  type CallContextOptions,
  type CallSite,
  type CallSlots,
  type PreparedTap,
  type Tap,
  type TapFunction,
} from './module/call-context.ts';
export type { InputMeaning, InputView } from './module/input-view.ts';
export { Module, type LayerReport, type ModuleConfig, type NamingOptions } from './module/module.ts';
export { Parameter, type ParameterView, type ViewMeaning } from './module/parameter.ts';
export { prefer, type Preference } from './module/prefer.ts';
export type { StoredWeight } from './module/stored-weight.ts';
export type { BuildChild, ModuleType } from './module/registry.ts';
export { enterEvaluation } from './module/evaluation.ts';
export { countParameters, summary, type Summary, type SummaryOptions, type SummaryRow } from './module/summary.ts';
export { Adam, AdamW, type AdamOptions } from './optim/adam.ts';
export { clip, clipByNorm, clipByValue, globalNorm, type ClipOptions } from './optim/clip.ts';
export {
  Optimizer,
  type OptimizerConfig,
  type ParameterGroup,
  type Slot,
  type StepScalars,
} from './optim/optimizer.ts';
export { RMSProp, type RMSPropOptions } from './optim/rmsprop.ts';
export { SGD, type SGDOptions } from './optim/sgd.ts';
export { buildOptimizer, optimizerTypes, registerOptimizer, type OptimizerType } from './optim/table.ts';
export { deriveSeed, streamOf } from './random/seed.ts';
export { monotonicNow } from './train/stopwatch.ts';
export { product, sequence, warmUp, type SequencePart, type WarmUpOptions } from './schedule/compose.ts';
export type { Horizon, Schedule, ScheduleConfig } from './schedule/schedule.ts';
export {
  constant,
  cosine,
  exponential,
  linear,
  oneCycle,
  stepDecay,
  type DecayOptions,
  type ExponentialOptions,
  type OneCycleOptions,
  type StepDecayOptions,
} from './schedule/shapes.ts';
export { Registry } from './registry/registry.ts';
export { buildSchedule, registerSchedule, scheduleTypes, type ScheduleType } from './schedule/table.ts';
export { evaluate, Evaluator, type EvaluateOptions } from './train/evaluator.ts';
export { fit } from './train/fit.ts';
export type {
  CheckpointOptions,
  EarlyStopping,
  EpochResult,
  FitEvent,
  FitOptions,
  FitResult,
  StepInfo,
} from './train/options.ts';
export { predict } from './train/predict.ts';
export { breather } from './train/breathe.ts';
export { throwIfAborted, type AbortSignalLike } from './train/signal.ts';

/** @espalier/tensor: tensors, automatic differentiation and kernels on the processor and on WebGPU. */
export {
  checkpoint,
  customGradient,
  grad,
  noGrad,
  valueAndGrad,
  type CustomGradient,
  type GradOptions,
} from './autograd/functional.ts';
export { gradients, type GradientOptions, type Gradients } from './autograd/gradients.ts';
export { assignAt } from './compile/assign-at.ts';
export { compile, type Compiled } from './compile/compile.ts';
export { dryRun, type TensorType } from './compile/dry-run.ts';
export { explain } from './compile/explain.ts';
export type { PlanReport } from './compile/plan-figures.ts';
export { planReport } from './compile/plan-report.ts';
export type {
  BufferRange,
  Device,
  DeviceBuffer,
  DeviceCapabilities,
  DeviceMemory,
  KernelCall,
  PreparedKernel,
} from './device/device.ts';
export {
  cpu,
  defaultDevice,
  device,
  openDevices,
  setDefaultDevice,
  withDevice,
  type DeviceName,
} from './device/registry.ts';
export { createCpuDevice } from './devices/cpu/cpu-device.ts';
export { createReferenceDevice } from './devices/reference/reference-device.ts';
export { createWebGpuDevice } from './devices/webgpu/open.ts';
export {
  dtypeNames,
  dtypes,
  isFloat,
  type ComputeDType,
  type DType,
  type DTypeInfo,
  type DTypeKind,
  type TypedArray,
} from './dtype/dtype.ts';
export { promote, wideFloat } from './dtype/promote.ts';
export { chooseKernel, denseToKeep, rowSumsToKeep, type KernelChoice, type ProductUse } from './encoded/crossover.ts';
export { kMeans, type Clusters, type KMeansOptions } from './encoded/k-means.ts';
export { clusterStarts, type ClusterStart } from './encoded/clusters.ts';
export { encodeMatrix, matrixFromArrays, type PlaceOptions } from './encoded/encode.ts';
export type {
  EncodedArray,
  EncodedArrays,
  Encoding,
  MatrixFormat,
  MatrixShape,
  KernelForm,
  StoredFormat,
} from './encoded/format.ts';
export { bitmask } from './encoded/formats/bitmask.ts';
export { blockSparse, type BlockSparseOptions } from './encoded/formats/blocks.ts';
export { codebook, type CodebookOptions } from './encoded/formats/codebook.ts';
export { csr } from './encoded/formats/csr.ts';
export { int4, type Int4Options } from './encoded/formats/int4.ts';
export { intN, type IntNOptions } from './encoded/formats/int-n.ts';
export { int8, type Int8Options } from './encoded/formats/int8.ts';
export { nOfM, type NOfMOptions } from './encoded/formats/n-of-m.ts';
export type { SparseOptions } from './encoded/sparse.ts';
export type { EncodedMatmulOptions } from './encoded/factor.ts';
export type { EncodedMatrix } from './encoded/matrix.ts';
export {
  ArgumentError,
  DeviceError,
  DTypeError,
  InternalError,
  LifetimeError,
  OutOfMemoryError,
  ShapeError,
  TensorError,
  type DeviceErrorCode,
  type TensorErrorCode,
} from './errors.ts';
export { asFloat } from './functions/as-float.ts';
export { axisGraph, type AxisGraph, type AxisGraphNode } from './functions/axis-graph.ts';
export { conv2d, type Conv2dOptions, type Size2d } from './functions/convolution.ts';
export {
  arange,
  eye,
  fromBytes,
  fromTyped,
  full,
  fullLike,
  linspace,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
  type CreateOptions,
} from './functions/create.ts';
export { scaledDotProductAttention, type AttentionOptions } from './functions/attention/attention.ts';
export { einsum } from './functions/einsum.ts';
export { fromChunks } from './functions/from-chunks.ts';
export { concat, stack, where } from './functions/join.ts';
export {
  batchNorm,
  crossEntropy,
  dropout,
  layerNorm,
  massTimes,
  reduceLoss,
  rmsNorm,
  type BatchNormOptions,
  type BatchNormResult,
  type CrossEntropyOptions,
  type LayerNormOptions,
  type LossReduction,
  type RmsNormOptions,
} from './functions/normalize.ts';
export {
  avgPool2d,
  maxPool2d,
  type AvgPoolOptions,
  type MaxPoolOptions,
  type PoolOptions,
} from './functions/pooling.ts';
export {
  bernoulli,
  normal,
  permutation,
  rand,
  randint,
  randn,
  randomBits,
  truncatedNormal,
  uniform,
  type RandomOptions,
} from './functions/random.ts';
export {
  defineElementwise,
  type ElementwiseFunction,
  type ElementwiseOpDescription,
} from './functions/define-elementwise.ts';
export { checkIndices, configure, type CheckIndicesOptions, type Configuration } from './functions/configure.ts';
export type { PlanStore } from './lower/saved-plan.ts';
export { multiplyAccumulates } from './functions/multiply-accumulates.ts';
export { broadcastShapes, sizeOf } from './functions/shapes.ts';
export { defineKernel, type Kernel, type KernelDescription } from './kernel/define-kernel.ts';
export type {
  HostImplementation,
  KernelAttributes,
  KernelDefinition,
  KernelSite,
  WgslImplementation,
} from './kernel/definition.ts';
export type {
  Access,
  Binding,
  AttentionGradientSpec,
  AttentionShape,
  AttentionSpec,
  Conv2dSpec,
  CustomSpec,
  EncodedLayout,
  EncodedMatmulSpec,
  EncodedSettings,
  KernelSpec,
  Limit,
  LoopInstruction,
  LoopSpec,
  MatmulSpec,
  ReduceOp,
  ScanSpec,
  ScatterAddSpec,
  SortSpec,
} from './kernel/spec.ts';
export type { Case, Chooser, InputCase, OpEntry, Tolerance, Values } from './ops/domain.ts';
export type { AxisPlace, AxisRelation } from './graph/axes.ts';
export type { ResultType } from './graph/op.ts';
export { opTable } from './ops/table.ts';
export * as scalar from './scalar/expression.ts';
export type { Happenings, KernelTimes, ProfileData } from './profile/data.ts';
export { measurePeaks, type Peaks } from './profile/peaks.ts';
export { profile, type ProfileOptions } from './profile/profile.ts';
export { profileOf } from './profile/profile-of.ts';
export type { KernelProfile, Profile } from './profile/report.ts';
export type { ChromeTrace, TraceEvent } from './profile/trace.ts';
export { defaultGenerator, Generator, manualSeed, type GeneratorState } from './random/generator.ts';
export { warnOnce, type Warn } from './runtime/notices.ts';
export { isTensor, keep, memory, scope } from './runtime/scope.ts';
export type { MadeOfTensors, TensorParts } from './runtime/structure.ts';
export type { Axes, Shape } from './shape/shape.ts';
export type { BorderMode } from './tensor/borders.ts';
export type { SoftplusOptions } from './tensor/elementwise-methods.ts';
export type { Sorted } from './tensor/indexing-methods.ts';
export type { PadOptions } from './tensor/movement-methods.ts';
export type { NestedNumbers, NestedValues } from './tensor/nested.ts';
export type { ReductionOptions, VarianceOptions } from './tensor/reduction-methods.ts';
export { Tensor } from './tensor/tensor.ts';
export { inDType, type TensorLike } from './tensor/wrap.ts';

/** What operators became from version 7 to 25: the same all along, or another form at some versions. */
import { resizeInputs, resizePlaces, upsample, upsampleFactors } from './resize.ts';
import { changed, type Rewrite } from './rewrite.ts';
import {
  batchMoments,
  batchNormalization,
  clip,
  convTranspose,
  dropout,
  dropoutMask,
  gridSample,
  listToInput,
  pad,
  roiAlign,
  slice,
  split,
  topK,
} from './settings.ts';
import { alongRest } from './softmax.ts';

/** The least version that is raised, and the largest that is raised to. */
export const raisedVersions = { from: 7, to: 25 } as const;

const otherwise =
  (why: string): Rewrite =>
  () =>
    why;
const axes = listToInput('axes');
const reduced = { 18: axes };

/** By operator and the version in which its form or its meaning changed; at all others it stayed what it was. */
const changes: Readonly<Record<string, Readonly<Record<number, Rewrite>>>> = {
  BatchNormalization: { 9: batchNormalization, 14: batchMoments },
  Clip: { 11: clip },
  ConvTranspose: { 11: convTranspose },
  DFT: { 20: otherwise('has its axis as an attribute, and as an input since') },
  Dropout: { 10: dropoutMask, 12: dropout },
  GridSample: { 20: gridSample },
  GroupNormalization: { 21: otherwise('has scales of groups, and of channels since') },
  Hardmax: { 13: alongRest },
  LogSoftmax: { 13: alongRest },
  Pad: { 11: pad },
  ReduceL1: reduced,
  ReduceL2: reduced,
  ReduceLogSum: reduced,
  ReduceLogSumExp: reduced,
  ReduceMax: reduced,
  ReduceMean: reduced,
  ReduceMin: reduced,
  ReduceProd: reduced,
  ReduceSum: { 13: axes },
  ReduceSumSquare: reduced,
  Resize: { 11: resizePlaces, 13: resizeInputs },
  RoiAlign: { 16: roiAlign },
  Scan: { 9: otherwise('has an axis of batches, and none since') },
  Scatter: { 11: (node) => [changed(node, { type: 'ScatterElements' })] },
  Slice: { 10: slice },
  Softmax: { 13: alongRest },
  Split: { 13: listToInput('split'), 18: split },
  Squeeze: { 13: axes },
  TopK: { 10: topK },
  Unsqueeze: { 13: axes },
  Upsample: { 9: upsampleFactors, 10: upsample },
};

/** Those that only took more types, and settings whose defaults are what was before. */
const same: ReadonlySet<string> = new Set(
  [
    'Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BitShift BitwiseAnd BitwiseNot BitwiseOr',
    'BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Col2Im Compress Concat ConcatFromSequence Constant',
    'ConstantOfShape Conv ConvInteger Cos Cosh CumSum DeformConv DepthToSpace DequantizeLinear Det Div DynamicQuantizeLinear',
    'Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool',
    'GlobalLpPool GlobalMaxPool Greater GreaterOrEqual HammingWindow HannWindow HardSigmoid HardSwish Identity If',
    'InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log Loop LpNormalization LpPool',
    'MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Neg',
    'NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Optional OptionalGetElement OptionalHasElement Or PRelu Pow',
    'QLinearConv QLinearMatMul QuantizeLinear RNN Range Reciprocal Relu Reshape ReverseSequence Round STFT ScatterElements',
    'ScatterND Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape Shrink Sigmoid',
    'Sign Sin Sinh Size SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth SplitToSequence Sqrt Sub Sum Tan Tanh',
    'ThresholdedRelu Tile Transpose Trilu Unique Where Xor',
  ].flatMap((line) => line.split(' ')),
);

/** What changes a node of a version next, and when; undefined of one that stays as it is up to another. */
export function nextChange(
  type: string,
  from: number,
  to: number,
): { readonly at: number; readonly rewrite: Rewrite } | undefined {
  const own = Object.hasOwn(changes, type) ? changes[type] : undefined;
  if (!own) return same.has(type) ? undefined : { at: to, rewrite: otherwise('may mean something else then') };
  const at = Object.keys(own)
    .map(Number)
    .toSorted((a, b) => a - b)
    .find((version) => version > from && version <= to);
  const rewrite = at === undefined ? undefined : own[at];
  return at === undefined || !rewrite ? undefined : { at, rewrite };
}

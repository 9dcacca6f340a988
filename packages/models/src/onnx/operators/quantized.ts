/** Whole numbers that stand for others: scales and zero points, and products of such numbers. */
import { fromTyped, type Tensor } from '@espalier/tensor';
import { decodeWeight } from '../../quantized/coded-weight.ts';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { elementTypes, wholeRange, type ElementType } from '../values/element-types.ts';
import { roundToSmallFloat, type SmallFloatType } from '../values/small-floats.ts';
import { OnnxTensor } from '../values/value.ts';
import { blockWeight } from '../values/block-weight.ts';
import { convolved } from './convolutions.ts';
import { typeOfCode } from './functions.ts';
import { multiplied } from './matrices.ts';

/** One value for all, one for each slice along an axis, or one for each block along it, as wide as x. */
function spread(call: Call, values: Tensor, x: readonly number[], axis: number, block: number): Tensor {
  if (values.size === 1 && values.rank <= 1) return values.reshape([]);
  if (block === 0) return values.reshape(x.map((_, each) => (each === axis ? -1 : 1)));
  const repeated = values.repeatInterleave(block, axis);
  const size = x[axis] as number;
  if ((repeated.shape[axis] as number) < size) call.refuse(`has blocks of ${block} that do not cover ${size} elements`);
  return repeated.narrow(axis, 0, size);
}

/** x / scale + zero point, rounded to even and limited to a type. */
function quantize(call: Call, x: Tensor, scale: Tensor, zero: Tensor | undefined, type: ElementType): OnnxTensor {
  const wide = x.cast('f32').div(scale.cast('f32'));
  if (elementTypes[type].kind === 'float') {
    const saturate = call.truth('saturate', true);
    const sum = zero ? wide.add(zero.cast('f32')) : wide;
    const numbers = call
      .read(OnnxTensor.of('f32', sum))
      .map((value) => roundToSmallFloat(type as SmallFloatType, value, saturate));
    return OnnxTensor.numbers(type, numbers, x.shape);
  }
  const rounded = wide.round();
  const shifted = zero ? rounded.add(zero.cast('f32')) : rounded;
  return call.give(type, shifted.clamp(...wholeRange(type)).cast('i32'));
}

const quantizeLinear = operator('QuantizeLinear', (call) => {
  const x = call.tensor(0);
  const zero = call.optional(2);
  const code = call.real('output_dtype', 0);
  const precision = call.real('precision', 0);
  if (precision !== 0 && precision !== elementTypes.f32.code)
    call.refuse(`divides in ${elementTypes[typeOfCode(call, precision)].name} (precision); here it is float`);
  const type = zero?.type ?? (code === 0 ? 'u8' : typeOfCode(call, code));
  const axis = x.rank === 0 ? 0 : call.axis(call.real('axis', 1), Math.max(x.rank, 2));
  const block = call.real('block_size', 0);
  const wide = (values: Tensor): Tensor => spread(call, values, x.shape, axis, block);
  return quantize(call, x, wide(call.tensor(1)), zero && wide(call.placed(zero)), type);
});

const dequantizeLinear = operator('DequantizeLinear', (call) => {
  const x = call.tensor(0);
  const axis = x.rank === 0 ? 0 : call.axis(call.real('axis', 1), Math.max(x.rank, 2));
  const block = call.real('block_size', 0);
  const wide = (values: Tensor): Tensor => spread(call, values, x.shape, axis, block);
  const zero = call.optionalTensor(2);
  const code = call.real('output_dtype', 0);
  const type = code === 0 ? call.input(1).type : typeOfCode(call, code);
  const plain = x.cast('f32');
  return call.give(type, (zero ? plain.sub(wide(zero).cast('f32')) : plain).mul(wide(call.tensor(1)).cast('f32')));
});

/** To u8, by the smallest and the largest element. */
const dynamic = operator('DynamicQuantizeLinear', (call) => {
  const x = call.tensor(0);
  const low = x.min().minimum(0);
  const high = x.max().maximum(0);
  const range = high.sub(low).div(255);
  // Of zeros alone any scale is right.
  const scale = range.where(range.ne(0), 1);
  const zero = low.neg().div(scale).round().clamp(0, 255);
  return [quantize(call, x, scale, zero, 'u8'), call.give('f32', scale), call.give('u8', zero.cast('i32'))];
});

/** An operand of a product, without its zero point, in doubles: sums of them are exact. */
function operand(call: Call, index: number, shape: (point: Tensor) => Tensor): Tensor {
  const x = call.tensor(index).cast('f64');
  return x.sub(shape(call.tensor(index + 2)).cast('f64'));
}

const perRow = (point: Tensor): Tensor =>
  point.rank === 1 && point.size > 1 ? point.unsqueeze(-1) : point.size === 1 ? point.reshape([]) : point;
const perColumn = (point: Tensor): Tensor => (point.size === 1 ? point.reshape([]) : point);

const qLinearMatMul = operator('QLinearMatMul', (call) => {
  const sums = multiplied(operand(call, 0, perRow), operand(call, 3, perColumn), false);
  const scale = perRow(call.tensor(1))
    .cast('f32')
    .mul(perColumn(call.tensor(4)).cast('f32'));
  const point = call.input(7);
  return quantize(call, sums.cast('f32').mul(scale), perRow(call.tensor(6)), perRow(call.placed(point)), point.type);
});

const qLinearConv = operator('QLinearConv', (call) => {
  const ofOutputs = (values: Tensor, rank: number): Tensor =>
    values.size === 1 ? values.reshape([]) : values.reshape([-1, ...Array.from({ length: rank }, () => 1)]);
  const rank = call.input(0).shape.length - 2;
  const x = operand(call, 0, perColumn);
  const w = operand(call, 3, (point) => ofOutputs(point, rank + 1));
  const sums = convolved(call, x, w);
  const bias = call.optionalTensor(8);
  const biased = bias ? sums.add(ofOutputs(bias, rank).cast('f64')) : sums;
  const scale = call
    .tensor(1)
    .reshape([])
    .cast('f32')
    .mul(ofOutputs(call.tensor(4), rank).cast('f32'));
  const point = call.input(7);
  return quantize(
    call,
    biased.cast('f32').mul(scale),
    call.tensor(6).reshape([]),
    call.placed(point).reshape([]),
    point.type,
  );
});

/** Of ONNX Runtime: x times rows of 4 bits in groups, each with a scale and perhaps a zero point. */
const blocks = operator(
  'MatMulNBits',
  (call) => {
    const weight = blockWeight({
      attribute: (name) => call.real(name, 0),
      input: (index) => call.optional(index),
      refuse: (problem) => call.refuse(problem),
    });
    const rows = fromTyped(decodeWeight(weight), weight.shape, { device: call.device });
    const product = call.tensor(0).matmul(rows.cast(call.tensor(0).dtype).t());
    const bias = call.optionalTensor(5);
    return call.give(call.input(0).type, bias ? product.add(bias) : product);
  },
  { domain: 'com.microsoft' },
);

/** Quantization. */
export const quantizedOperators: readonly Operator[] = [
  quantizeLinear,
  dequantizeLinear,
  dynamic,
  qLinearMatMul,
  qLinearConv,
  blocks,
];

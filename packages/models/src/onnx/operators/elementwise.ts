/** How element-wise operators are computed: on the host where their operands are few and known, else by the engine. */
import { broadcastShapes, type Shape, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { elementTypes, isWhole, stored, type ElementType } from '../values/element-types.ts';
import type { HostArray } from '../values/host-array.ts';
import { OnnxTensor } from '../values/value.ts';

/** An element-wise operator. */
export interface Elementwise {
  readonly type: string;
  /** What one element becomes, in doubles; absent of what only the engine computes. */
  readonly host?: (call: Call, numbers: readonly number[], type: ElementType) => number;
  readonly device: (call: Call, operands: readonly Tensor[], type: ElementType) => Tensor;
  /** Default: that of the first operand. */
  readonly gives?: ElementType;
  /** Which kinds of elements it is for. Default: numbers. */
  readonly kinds?: readonly (typeof elementTypes)[ElementType]['kind'][];
}

/** As far as doubles count exactly. */
const exact = 2 ** 53;

/**
 * What the host computed of a type, as it is stored.
 * @throws {OnnxError} for a 64-bit integer that a double does not hold exactly.
 */
export function hostNumber(call: Call, type: ElementType, value: number): number {
  if (!isWhole(type)) return stored(type, value);
  if (!(Math.abs(value) <= exact || Math.abs(value) === 2 ** 63))
    call.refuse(`gives ${value}, which is beyond the integers that are exact here (2^53)`);
  return stored(type, value) + 0;
}

/** Elements of a type that is wider on the device than in the model: only its own bits count. */
export function narrowed(type: ElementType, tensor: Tensor): Tensor {
  const { bits, carrier, kind } = elementTypes[type];
  if (kind !== 'integer' || carrier === type || bits === 64) return tensor;
  const wide = tensor.cast('i32');
  if (type.startsWith('u')) return wide.bitwiseAnd(2 ** bits - 1);
  return wide.shiftLeft(32 - bits).shiftRight(32 - bits);
}

/** The operator of a row. */
export function elementwise({ type, host, device, gives, kinds = ['float', 'integer'] }: Elementwise): Operator {
  return operator(type, (call) => {
    const operands = call.inputs();
    const [first] = operands;
    if (!first) return call.refuse('has no input');
    for (const operand of operands) call.needKind(operand, ...kinds);
    const result = gives ?? first.type;
    if (host && call.isHosted) return hosted(call, operands, result, (numbers) => host(call, numbers, first.type));
    const aligned = alignedOld(
      call,
      operands.map((operand) => call.placed(operand)),
    );
    return call.give(result, narrowed(result, device(call, aligned, first.type)));
  });
}

/** An element-wise function of host arrays. */
export function hosted(
  call: Call,
  operands: readonly OnnxTensor[],
  type: ElementType,
  of: (numbers: readonly number[]) => number,
): OnnxTensor {
  const shape = operands.map((each) => each.shape).reduce((a, b) => broadcastShapes('onnx', a, b) as Shape);
  const spread = operands.map((operand) => (operand.host() as HostArray<number>).expand(shape).data);
  const count = shape.reduce((product, size) => product * size, 1);
  const numbers = Array.from({ length: count }, (_, index) =>
    hostNumber(call, type, of(spread.map((data) => data[index] as number))),
  );
  return OnnxTensor.numbers(type, numbers, shape);
}

/** Before version 7 the second operand lay at an axis of the first, instead of at its end. */
function alignedOld(call: Call, operands: readonly Tensor[]): readonly Tensor[] {
  const axis = call.version < 7 && call.node.domain === '' ? call.real('axis', undefined) : undefined;
  const [a, b] = operands;
  if (axis === undefined || !a || !b) return operands;
  const behind = a.rank - call.axis(axis, a.rank) - b.rank;
  return [a, b.reshape([...b.shape, ...Array.from({ length: Math.max(0, behind) }, () => 1)])];
}

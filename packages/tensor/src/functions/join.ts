/** Functions of several tensors that no one of them owns. */
import { check } from '../arguments/rules.ts';
import { aTensor, aTensorLike, tensors as severalTensors } from '../arguments/types.ts';
import { promote } from '../dtype/promote.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import type { DType } from '../dtype/dtype.ts';
import { boundedBy, constantNode, refuseTracked, shapedNode } from '../graph/build.ts';
import { agreedOff } from '../graph/lengths.ts';
import type { Node } from '../graph/node.ts';
import { concatOp } from '../ops/kernels/concat.ts';
import { updateOp } from '../ops/kernels/update.ts';
import { normalizeAxis, sameShape, showShape, type Shape } from '../shape/shape.ts';
import { ofNothing } from '../tensor/empty.ts';
import { presentAlong } from '../tensor/reduction-methods.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { castNode, wrap, type TensorLike } from '../tensor/wrap.ts';

/**
 * Joined along an existing axis; all other sizes must be equal. Of parts that have lengths along the axis (see `upTo`), each
 * begins where the one before ends, and the sum of the lengths is that of the result.
 * @throws {ShapeError} if they are not.
 * @throws {ArgumentError} without tensors, and where parts have not the same length along another axis.
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  check('concat', 'tensors', tensors, severalTensors);
  const [first] = tensors;
  if (!first) throw new ArgumentError('concat', 'got no tensors; give at least one');
  const along = normalizeAxis('concat', axis, first.rank);
  for (const { shape } of tensors)
    if (shape.length !== first.rank || shape.some((size, a) => a !== along && size !== first.shape[a]))
      throw new ShapeError(
        'concat',
        `${showShape(first.shape)} and ${showShape(shape)} differ off axis ${along}; only sizes along it may`,
      );
  const dtype = tensors.map((part) => part.dtype).reduce((a, b) => promote(a, b, 'concat'));
  const parts = tensors.filter((part) => part.size > 0).map((part) => castNode(part.node, dtype));
  const shape = first.shape.map((size, a) =>
    a === along ? tensors.reduce((sum, part) => sum + (part.shape[a] as number), 0) : size,
  );
  const [only] = parts;
  if (!only) return ofNothing(first.cast(dtype).filled(shape, 0), tensors);
  if (parts.length === 1) return wrap(only);
  if (parts.some(({ lengths }) => lengths?.[along])) return partBehindPart(parts, along, shape, dtype);
  return wrap(shapedNode(concatOp, parts, { axis: along, parts: parts.length }, shape, dtype));
}

/** Parts of which some have a length along the axis: each is written from where the one before ends. */
function partBehindPart(parts: readonly Node[], along: number, shape: Shape, dtype: DType): Tensor {
  if (parts.some(({ gradientRole }) => gradientRole !== 'none')) refuseTracked('concat');
  const { device } = parts[0] as Node;
  const others = agreedOff('concat', parts, along);
  let end = wrap(constantNode(0, 'i32', device));
  let whole = wrap(constantNode(0, dtype, device)).expand(shape);
  for (const part of parts) {
    whole = wrap(shapedNode(updateOp, [whole.node, part, end.node], { axis: along }, shape, dtype));
    end = end.add(presentAlong(wrap(part), [along]));
  }
  return wrap(boundedBy(whole.node, others.with(along, end.node)));
}

/**
 * Joined along a new axis; all shapes must be equal.
 * @throws {ShapeError} if they are not.
 * @throws {ArgumentError} for no tensors.
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  check('stack', 'tensors', tensors, severalTensors);
  const [first] = tensors;
  if (!first) throw new ArgumentError('stack', 'got no tensors; give at least one');
  const along = normalizeAxis('stack', axis, first.rank + 1);
  for (const { shape } of tensors)
    if (!sameShape(shape, first.shape))
      throw new ShapeError(
        'stack',
        `${showShape(first.shape)} and ${showShape(shape)} differ; all shapes must be equal`,
      );
  return concat(
    tensors.map((part) => part.unsqueeze(along)),
    along,
  );
}

/** `whenTrue` where `condition` holds, else `whenFalse`; both broadcast. Two numbers give f32. */
export function where(condition: Tensor, whenTrue: TensorLike, whenFalse: TensorLike): Tensor {
  check('where', 'condition', condition, aTensor);
  check('where', 'whenTrue', whenTrue, aTensorLike);
  check('where', 'whenFalse', whenFalse, aTensorLike);
  if (typeof whenTrue === 'object') return whenTrue.where(condition, whenFalse);
  if (typeof whenFalse === 'object') return whenFalse.where(condition.logicalNot(), whenTrue);
  return condition.cast('f32').filled([], Number(whenTrue)).where(condition, whenFalse);
}

/** Functions of several tensors that no one of them owns. */
import { check } from '../arguments/rules.ts';
import { aTensor, aTensorLike, tensors as severalTensors } from '../arguments/types.ts';
import { promote } from '../dtype/promote.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { shapedNode } from '../graph/build.ts';
import { concatOp } from '../ops/kernels/concat.ts';
import { normalizeAxis, sameShape, showShape } from '../shape/shape.ts';
import { ofNothing } from '../tensor/empty.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { castNode, wrap, type TensorLike } from '../tensor/wrap.ts';

/**
 * Joined along an existing axis; all other sizes must be equal.
 * @throws {ShapeError} if they are not.
 * @throws {ArgumentError} for no tensors.
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
  return wrap(parts.length === 1 ? only : shapedNode(concatOp, parts, { axis: along }, shape, dtype));
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
